"""What is said to the server for one message, as octets: the commands, and the content with its end."""

from __future__ import annotations

import re

from mailer.smtp.capabilities import Capabilities
from mailer.smtp.envelope import Envelope

Parts = tuple[bytes, ...]
END = b".\r\n"
_NO_XTEXT = re.compile(r"[^!-~]|[+=]")  # RFC 3461 4
_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def mail(envelope: Envelope, offers: Capabilities) -> Parts:
    """Return MAIL with the parameters that this message needs and this server knows.

    RFC 1870, RFC 6531; RFC 3461 for what it is named by should it come back, as its header alone.
    """
    return (_mail(envelope, offers).encode("ascii"),)


def rcpt(envelope: Envelope, offers: Capabilities) -> Parts:
    """Return RCPT, with the address that it was for should others forward it (RFC 3461 4.2)."""
    return (_rcpt(envelope, offers).encode(),)


def group(envelope: Envelope, offers: Capabilities, *, reset: bool, chunk: bool) -> Parts:
    """Return what is said of a message up to DATA, or to BDAT and the message: the commands in one part.

    It is the same as the commands one by one, and cheaper to write.
    """
    words = (_mail(envelope, offers) + _rcpt(envelope, offers)).encode()
    last = bdat(envelope) if chunk else DATA
    return (RSET[0] + words if reset else words) + last[0], *last[1:]


def _mail(envelope: Envelope, offers: Capabilities) -> str:
    size = f" SIZE={len(envelope.content)}" if offers.sized else ""
    utf8 = "" if envelope.recipient.isascii() else " SMTPUTF8"
    dsn = f" RET=HDRS ENVID={envelope.envid}" if offers.dsn and envelope.envid else ""
    return f"MAIL FROM:<{envelope.sender}>{size}{utf8}{dsn}\r\n"


def _rcpt(envelope: Envelope, offers: Capabilities) -> str:
    recipient = envelope.recipient
    if not (offers.dsn and envelope.envid and recipient.isascii()):
        return f"RCPT TO:<{recipient}>\r\n"
    original = _NO_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", recipient)
    return f"RCPT TO:<{recipient}> ORCPT=rfc822;{original}\r\n"


def bdat(envelope: Envelope) -> Parts:
    """Return BDAT and the whole message as its only chunk (RFC 3030)."""
    content = envelope.content if envelope.clean else chunk_octets(envelope.content)
    return b"BDAT %d LAST\r\n" % len(content), content


def content(envelope: Envelope) -> Parts:
    """Return the message as it goes after 354, with its end."""
    return (envelope.content, END) if envelope.clean else (data_octets(envelope.content),)


DATA: Parts = (b"DATA\r\n",)
DOT: Parts = (END,)
RSET: Parts = (b"RSET\r\n",)
QUIT: Parts = (b"QUIT\r\n",)


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
