"""The account at a mail server: where it is, how it is spoken to, and who we are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from mailer.errors import SettingsError

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Account:
    """What is needed to hand mail to a server. `local_name` is what EHLO says: a domain or `[127.0.0.1]`.

    Without a `username` nobody logs in. `ca_file` names a PEM file of certificates to trust instead of the
    system's. `window` is how many messages may be under way on one connection where the server offers
    CHUNKING; 0 never uses it. SettingsError if a value can't be put on the wire.
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


def _is_atom(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
