"""The reasons for which mail fails, and what each means for the mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailer.domain.returned import Kind


class FailureReason(StrEnum):
    """Why mail failed, in words for a person."""

    NO_MAILBOX = "no such mailbox"
    NO_DOMAIN = "no such domain"
    DISABLED = "mailbox disabled"
    MOVED = "address changed"
    FULL = "mailbox full"
    THROTTLED = "too much mail for now"
    TOO_LARGE = "message too large"
    UNREACHABLE = "server not reached"
    TROUBLE = "trouble at the server"
    UNSAID = "refused without a reason"
    SPAM = "taken for spam"
    REPUTATION = "our server is not trusted"
    AUTHENTICATION = "sender not authenticated"
    POLICY = "refused by policy"
    CONTENT = "content not accepted"


_HARD = frozenset(
    {FailureReason.NO_MAILBOX, FailureReason.NO_DOMAIN, FailureReason.DISABLED, FailureReason.MOVED}
)
_BLOCKED = frozenset(
    {
        FailureReason.SPAM,
        FailureReason.REPUTATION,
        FailureReason.AUTHENTICATION,
        FailureReason.POLICY,
        FailureReason.CONTENT,
    }
)


@dataclass(frozen=True, slots=True)
class MailFailure:
    """Why mail failed, what that means for the mailbox, and by which phrase or code it was told."""

    reason: FailureReason
    kind: Kind
    by: str

    @classmethod
    def of(cls, reason: FailureReason, *, permanent: bool, by: str) -> MailFailure:
        """What a server takes for passing is never hard, whatever it says."""
        if reason in _BLOCKED:
            return cls(reason, Kind.BLOCKED, by)
        return cls(reason, Kind.HARD if permanent and reason in _HARD else Kind.SOFT, by)
