"""One message for the server: a return path, one recipient, the content; and how far it is on its way."""

from __future__ import annotations

from typing import NamedTuple

from mailer.domain.outcome import Deferred, Outcome, Rejected, Stage


class Envelope(NamedTuple):
    """One message for one recipient: a tuple, because one is made for every message.

    `key` is the caller's own name for it and comes back with the outcome. `sender` is the return path, an
    ASCII addr-spec, or empty for `<>`. `recipient` is an addr-spec whose domain is an A-label; a local part
    that isn't ASCII needs a server with SMTPUTF8. `content` is the whole message, ASCII with CRLF;
    only the header may be UTF-8, and only for such a recipient.

    With `clean` the caller vouches that `content` is 7-bit without NUL, that all its lines end in CRLF, the
    last one too, and that none begins with a dot: it is then written as it is.

    `envid`, letters and digits, is what a server with DSN names the message by should it come back.
    """

    key: int
    sender: str
    recipient: str
    content: bytes
    clean: bool = False
    envid: str = ""


class Transaction:
    """One message between being added to a session and the last reply that is about it."""

    __slots__ = ("envelope", "handed", "key", "outcome")

    def __init__(self, envelope: Envelope) -> None:
        self.key = envelope.key
        self.envelope: Envelope | None = envelope  # None once its content was given out to be written
        self.handed = False  # its content was given out to be written
        self.outcome: Outcome | None = None

    def hand_over(self) -> None:
        """Its content is given out to be written, and needed no more."""
        self.handed, self.envelope = True, None

    @property
    def unwanted(self) -> bool:
        """Whether every recipient was refused."""
        return isinstance(self.outcome, Deferred | Rejected) and self.outcome.stage is Stage.RCPT
