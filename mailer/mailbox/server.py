"""A mailbox on a server: who we are there, how it is trusted, and what its refusals mean."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from mailer.errors import MailboxRefused, MailboxUnavailable, MailerError

TIMEOUT = 60.0  # seconds that an answer is waited for


@dataclass(frozen=True, slots=True)
class MailboxAccount:
    """A server, and who we are there. `protocol` is what its settings begin with: IMAP or POP3."""

    protocol: Literal["IMAP", "POP3"]
    host: str
    port: int
    security: Literal["starttls", "tls", "none"] = "tls"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    folder: str = "INBOX"

    @property
    def url(self) -> str:
        """What it is known by; it tells no secret."""
        folder = f"/{self.folder}" if self.protocol == "IMAP" else ""
        return f"{self.protocol.lower()}://{self.username}@{self.host}:{self.port}{folder}"

    def tls_context(self) -> ssl.SSLContext:
        """Return how to trust it: chain and name are verified. MailboxRefused for a CA that can't be read."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise MailboxRefused(
                f"can't read certificates from {self.ca_file}: {error}",
                next_step=f"{self.protocol}_CA_FILE has to name a PEM file, or be empty for the system's.",
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def refused(self, words: object) -> MailerError:
        """Return the error for a login that is refused."""
        return MailboxRefused(
            f"{self.url} refuses the login: {_plain(words)}",
            next_step=f"Correct {self.protocol}_USERNAME and {self.protocol}_PASSWORD in .env.",
        )

    @contextmanager
    def translating(self, *errors: type[Exception]) -> Iterator[None]:
        """Make errors of the network, and these of the protocol, ours."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise MailboxRefused(
                f"the certificate of {self.url} can't be trusted: {error.verify_message}",
                next_step=f"Correct {self.protocol}_HOST, or name its authority in {self.protocol}_CA_FILE.",
            ) from None
        except (OSError, EOFError) + errors as error:  # noqa: RUF005  # mypy knows no unpacked types here
            raise MailboxUnavailable(
                f"{self.url} can't be read now: {_plain(error) or type(error).__name__}",
                next_step="What was read before is taken in; run it again: nothing counts twice.",
            ) from None


def _plain(words: object) -> str:
    """Return a server's words, which libraries hand on as octets in a list or a text of such."""
    first = words.args[0] if isinstance(words, Exception) and words.args else words
    text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return " ".join(text.removeprefix("b'").removesuffix("'").split())
