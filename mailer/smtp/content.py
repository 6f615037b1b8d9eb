"""A message as DATA carries it: CRLF line ends only, leading dots doubled, a lone dot at the end."""

from __future__ import annotations

import re

_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n")
END = b".\r\n"


def data_octets(content: bytes) -> bytes:
    """Return `content` ready to be sent after 354, its end included.

    A bare CR or LF becomes CRLF before dots are doubled. Servers differ in what they take for the end of a
    message (`\\n.\\r\\n`, `\\r.\\r` …), and whatever one of them might take for it must not leave this
    function: that is how SMTP smuggling worked in 2023.
    """
    if not _clean(content):
        content = _STRAY.sub(b"\r\n", content)
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    # RFC 5321 4.5.2: the receiver strips one leading dot a line, so such a line needs a second one.
    if b"\n." in content:
        content = content.replace(b"\n.", b"\n..")
    return b"%b%b%b" % (b"." if content.startswith(b".") else b"", content, END)


def _clean(content: bytes) -> bool:
    """Whether every line, the last one too, ends in CRLF: then each is two octets shorter than its share."""
    lines = content.splitlines()
    return sum(map(len, lines)) + 2 * len(lines) == len(content)
