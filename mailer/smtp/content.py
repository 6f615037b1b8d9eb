"""A message as it is written: CRLF line ends only, and for DATA leading dots doubled and a lone dot last."""

from __future__ import annotations

import re

_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n")
END = b".\r\n"


def chunk_octets(content: bytes) -> bytes:
    """Return `content` ready to be sent as one chunk with BDAT.

    A bare CR or LF becomes CRLF. Servers differ in what they take for the end of a message (`\\n.\\r\\n`,
    `\\r.\\r` …), and whatever one of them, or one that it relays to, might take for it must not leave this
    function: that is how SMTP smuggling worked in 2023.
    """
    if not _clean(content):
        content = _STRAY.sub(b"\r\n", content)
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def data_octets(content: bytes) -> bytes:
    """Return `content` ready to be sent after 354, its end included; dots are doubled after line ends are
    what they should be."""
    content = chunk_octets(content)
    # RFC 5321 4.5.2: the receiver strips one leading dot a line, so such a line needs a second one.
    if b"\n." in content:
        content = content.replace(b"\n.", b"\n..")
    return b"%b%b%b" % (b"." if content.startswith(b".") else b"", content, END)


def _clean(content: bytes) -> bool:
    """Whether every line, the last one too, ends in CRLF: then each is two octets shorter than its share."""
    lines = content.splitlines()
    return sum(map(len, lines)) + 2 * len(lines) == len(content)
