"""What a server offers, and what is refused before it is asked: messages that it, or nobody, can take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mailer.domain.outcome import Rejected, Reply, Stage
from mailer.errors import AccountFault
from mailer.smtp.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The extensions that matter to a sender. `size` and `mail_max` are None where no limit is named.

    `size` is the largest message in octets (RFC 1870), `mail_max` the number of messages a connection may
    carry (RFC 9422 MAILMAX), `auth` the names of the login mechanisms (RFC 4954), `utf8` is SMTPUTF8, `dsn`
    that what comes back may be told apart (RFC 3461).
    """

    pipelining: bool = False
    chunking: bool = False
    starttls: bool = False
    utf8: bool = False
    dsn: bool = False
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
            dsn="DSN" in offers,
            sized="SIZE" in offers,
            size=_positive(*offers.get("SIZE", [])[:1]),
            mail_max=_positive(limits.get("MAILMAX", "")),
            auth=frozenset(offers.get("AUTH", [])),
        )


def _positive(text: str = "") -> int | None:
    """Return the number, or None for none and for 0, which RFC 1870 defines as no limit."""
    return int(text) or None if text.isascii() and text.isdigit() and len(text) <= 18 else None


PATH_LIMIT = 254  # octets: RFC 5321 4.5.3.1.3 allows 256 with the angle brackets

# An addr-spec as far as it matters here: nothing in it ends the path, the command or the line early.
_PATH = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"|[^\x00-\x20\x7f-\xa0<>"]+)'
    r"@[^\x00-\x20\x7f-\xa0<>\"@]+"
)


def refuse(envelope: Envelope, offers: Capabilities) -> Rejected | None:
    """Return why this message can't be sent over this connection, or None. Nothing was sent if it can't.

    The reply is ours, with the codes a server would give (RFC 5321, RFC 3463, RFC 6531), and says so.
    AccountFault if the return path is what can't be sent: no recipient is to blame for that.
    """
    recipient, content = envelope.recipient, envelope.content
    if envelope.sender and not _can_return_to(envelope.sender):
        raise AccountFault(
            f"SMTP can't carry the return path {envelope.sender!r}",
            next_step="Correct MAIL_FROM or MAIL_RETURN_PATH.",
        )
    if not _carries(recipient):
        return _refused(553, "5.1.3", "SMTP can't carry this address", Stage.RCPT)
    if not recipient.isascii() and not offers.utf8:
        return _refused(
            553, "5.6.7", "the address needs SMTPUTF8, which the server doesn't offer", Stage.RCPT
        )
    if offers.size is not None and len(content) > offers.size:
        words = f"{len(content)} octets, and the server takes {offers.size} at most"
        return _refused(552, "5.3.4", words, Stage.MAIL)
    # RFC 6531 3.2: with SMTPUTF8 the header holds the address as it is.
    seven_bit = content if recipient.isascii() else content.partition(b"\r\n\r\n")[2]
    if not envelope.clean and (not seven_bit.isascii() or b"\0" in content):
        return _refused(554, "5.6.0", "the message holds octets that aren't 7-bit text", Stage.DATA)
    return None


@lru_cache(maxsize=16)
def _can_return_to(path: str) -> bool:
    return path.isascii() and _carries(path)


def _carries(path: str) -> bool:
    octets = len(path) if path.isascii() else len(path.encode("utf-8", "replace"))
    return octets <= PATH_LIMIT and bool(_PATH.fullmatch(path))


def _refused(code: int, status: str, words: str, stage: Stage) -> Rejected:
    return Rejected(Reply(code, f"{status} not sent: {words}"), stage)
