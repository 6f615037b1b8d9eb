"""The account at a mail server: where it is, how it is spoken to, who we are there, how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from mailer.errors import SettingsError
from mailer.sasl.choice import secrets_in
from mailer.sasl.credentials import Credentials, TokenSource

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Account:
    """What is needed to hand mail to a server. `local_name` is what EHLO says: a domain or `[127.0.0.1]`.

    Without a `username` nobody logs in, but by a certificate. Where there are `tokens`, they stand in for the
    password; `mechanism` is the only one to log in by, if it is given. `ca_file` names a PEM file of
    certificates to trust instead of the system's, `client_cert` one with the certificate that we show, and
    `client_key` its key, if that isn't in the same file. `window` is how many messages may be under way on
    one connection where the server offers CHUNKING; 0 never uses it. SettingsError if a value can't be put
    on the wire.
    """

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    connections: int = 4
    window: int = 16
    local_name: str = "[127.0.0.1]"
    mechanism: str = ""
    tokens: TokenSource | None = field(default=None, repr=False)
    client_cert: str = ""
    client_key: str = ""

    def __post_init__(self) -> None:
        if not _is_atom(self.local_name):
            raise SettingsError(
                f"{self.local_name!r} can't be the name that EHLO gives", next_step="Use the host's own name."
            )
        if "\0" in self.username + self.password:
            raise SettingsError("SMTP_USERNAME or SMTP_PASSWORD holds a NUL, which AUTH can't carry")

    @property
    def where(self) -> str:
        """`host:port`, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether the server is this machine, so that a password in the clear leaves no wire."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def credentials(self) -> Credentials:
        """What there is to log in with, before there is a token or a connection."""
        return Credentials(
            self.username,
            self.password,
            self.tokens.last if self.tokens else "",
            certificate=bool(self.client_cert),
            host=self.host,
            port=self.port,
        )

    def redact(self, words: str) -> str:
        """Return a server's words without password and token, should it echo what it was sent."""
        for secret in secrets_in(self.credentials):
            words = words.replace(secret, "•••")
        return words


def _is_atom(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. RFC 5321 4.5.3.2 asks for minutes; no server that works needs as many for commands.

    `connect` covers DNS, TCP and each TLS handshake; `greeting` each reply until the first message may go,
    since a server that is none shows here; `content` runs from the first octet of a message to the reply
    after its end; `idle` is how long an unused connection is kept; `quit` how long a farewell may take.
    After `silence` without an answer a connection is waited for no less, but others are tried meanwhile.
    After `doubt` without a greeting it is looked at what is there: it may wait for TLS.
    """

    connect: float = 30
    greeting: float = 30
    command: float = 120
    content: float = 600
    idle: float = 5
    quit: float = 5
    silence: float = 30
    doubt: float = 5

    @property
    def tick(self) -> float:
        """How often to look at the clock: late by half of the shortest, and by two seconds, at most."""
        shortest = min(self.greeting, self.command, self.content, self.idle, self.quit, self.silence)
        return min(1.0, max(0.01, shortest / 4))
