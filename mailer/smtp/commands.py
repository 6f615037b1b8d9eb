"""What is said to the server for one message, as octets."""

from __future__ import annotations

from mailer.smtp.capabilities import Capabilities
from mailer.smtp.content import END, chunk_octets, data_octets
from mailer.smtp.envelope import Envelope

Parts = tuple[bytes, ...]


def mail(envelope: Envelope, offers: Capabilities) -> Parts:
    """Return MAIL with the parameters that this message needs and this server knows (RFC 1870, RFC 6531)."""
    size = f" SIZE={len(envelope.content)}" if offers.sized else ""
    utf8 = "" if envelope.recipient.isascii() else " SMTPUTF8"
    return (f"MAIL FROM:<{envelope.sender}>{size}{utf8}\r\n".encode("ascii"),)


def rcpt(envelope: Envelope) -> Parts:
    """Return RCPT."""
    return (b"RCPT TO:<%b>\r\n" % envelope.recipient.encode(),)


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
