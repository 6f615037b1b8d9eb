"""What became of one message at the server. A refusal is a value; a fault is an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where in the conversation a reply was given or the connection lost."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: three-digit code and its lines joined by newlines (RFC 5321 4.2)."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.text.split())}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for the message (2yz to the content)."""

    reply: Reply
    stage: Stage = Stage.CONTENT


@dataclass(frozen=True, slots=True)
class Deferred:
    """The server says try again later (4yz), or the message was never handed over."""

    reply: Reply
    stage: Stage


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server says never (5yz), in the scope of this recipient or message."""

    reply: Reply
    stage: Stage


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The content was handed over and the answer never came; only a person or a policy can decide."""

    reason: str
    stage: Stage = Stage.CONTENT


@dataclass(frozen=True, slots=True)
class Untried:
    """Given back: the connection was lost before the content could have completed; nothing was sent."""

    reason: str
    stage: Stage


Outcome = Accepted | Deferred | Rejected | Uncertain | Untried
