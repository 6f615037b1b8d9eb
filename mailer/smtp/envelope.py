"""What is handed to the server: a return path, one recipient, the message."""

from __future__ import annotations

from typing import NamedTuple


class Envelope(NamedTuple):
    """One message for one recipient: a tuple, because one is made for every message.

    `key` is the caller's own name for it and comes back with the outcome. `sender` is the return path, an
    ASCII addr-spec, or empty for `<>`. `recipient` is an addr-spec whose domain is an A-label; a local part
    that isn't ASCII needs a server with SMTPUTF8. `content` is the whole message, ASCII with CRLF;
    only the header may be UTF-8, and only for such a recipient.

    With `clean` the caller vouches that `content` is 7-bit without NUL, that all its lines end in CRLF, the
    last one too, and that none begins with a dot: it is then written as it is.
    """

    key: int
    sender: str
    recipient: str
    content: bytes
    clean: bool = False
