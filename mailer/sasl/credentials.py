"""Who logs in, and by what: a password, a token, a certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token. `renewable`: a server that refuses it may take the next one."""

    text: str = field(repr=False)
    renewable: bool = False


class TokenSource(Protocol):
    """Where access tokens come from; one for all connections of a process."""

    @property
    def last(self) -> str:
        """The token that was given out last, or an empty text: what must not be shown."""

    async def token(self) -> AccessToken:
        """Return one that is valid for a while.

        AccountFault if somebody has to log in again, ServerUnavailable if there is none now.
        """

    def refused(self, text: str) -> None:
        """A server refused this one: give out another."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What there is to log in with; what is empty there isn't.

    `certificate`: TLS shows who we are already. `peer` is the server's own certificate in DER, if there is
    TLS; `host` and `port` are where it is (RFC 7628 3.1).
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    certificate: bool = False
    peer: bytes = field(default=b"", repr=False)
    host: str = ""
    port: int = 0
