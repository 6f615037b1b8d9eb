"""What a server offers, as its reply to EHLO says."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.domain.outcome import Reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The extensions that matter to a sender. `size` and `mail_max` are None where no limit is named.

    `size` is the largest message in octets (RFC 1870), `mail_max` the number of messages a connection may
    carry (RFC 9422 MAILMAX), `auth` the names of the login mechanisms (RFC 4954), `utf8` is SMTPUTF8.
    """

    pipelining: bool = False
    chunking: bool = False
    starttls: bool = False
    utf8: bool = False
    sized: bool = False
    size: int | None = None
    mail_max: int | None = None
    auth: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, reply: Reply) -> Capabilities:
        """Read the lines after the first; unknown or malformed ones are no offer."""
        offers: dict[str, list[str]] = {}
        for line in reply.text.split("\n")[1:]:
            # Some old servers write AUTH=PLAIN for AUTH PLAIN.
            words = line.upper().replace("AUTH=", "AUTH ", 1).split()
            if words:
                offers.setdefault(words[0], []).extend(words[1:])
        limits = dict(word.split("=", 1) for word in offers.get("LIMITS", []) if "=" in word)
        return cls(
            pipelining="PIPELINING" in offers,
            chunking="CHUNKING" in offers,
            starttls="STARTTLS" in offers,
            utf8="SMTPUTF8" in offers,
            sized="SIZE" in offers,
            size=_positive(*offers.get("SIZE", [])[:1]),
            mail_max=_positive(limits.get("MAILMAX", "")),
            auth=frozenset(offers.get("AUTH", [])),
        )


def _positive(text: str = "") -> int | None:
    """Return the number, or None for none and for 0, which RFC 1870 defines as no limit."""
    return int(text) or None if text.isascii() and text.isdigit() and len(text) <= 18 else None
