"""What a message that came back means: for whom, on which evidence, and whether that may be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Returned:
    """A send and the one subscriber who got it, by a token that our key signed."""

    send_id: int
    subscriber_id: int


# Given a text in which a token may stand (an address, an ENVID, a header field), what the token says; None if
# there is none that our key signed and that is still good.
ReadToken = Callable[[str], Returned | None]


class Kind(StrEnum):
    """What came back, the gravest first. The last four never count against anybody."""

    HARD = "hard"  # this mailbox won't ever take mail
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    SOFT = "soft"  # not now: a full mailbox, a server in trouble, a refusal without a reason
    BLOCKED = "blocked"  # us, not them: reputation, policy, content
    REPLY = "reply"  # by a human being
    UNKNOWN = "unknown"
    AUTO_REPLY = "auto-reply"  # sent by a program, and nothing failed: vacation, delivered, delayed


GRAVITY = {kind: place for place, kind in enumerate(Kind)}
FAILURES = frozenset({Kind.HARD, Kind.SOFT, Kind.BLOCKED})


@dataclass(frozen=True, slots=True)
class RecipientVerdict:
    """What is said of one address.

    `address` is as the message gives it, empty where it names none; `original` is the one that the mail was
    first sent to, where that differs. `status` is an RFC 3463 code or empty, `reason` ours in a few words,
    `said` the server's own words.
    """

    address: str
    kind: Kind
    status: str = ""
    reason: str = ""
    said: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one message means.

    `returned` is what a token of ours in it says. `trusted` is whether anything may be done to anybody: for
    whom the token names or, of an unsubscribe request without one, for `sender`, which DMARC has proved.
    An address that only stands in the message is never enough. `notes` are for people to read (a new
    address, a question to be answered), `evidence` says how the verdict was come to.
    """

    kind: Kind
    recipients: tuple[RecipientVerdict, ...] = ()
    evidence: tuple[str, ...] = ()
    returned: Returned | None = None
    sender: str = ""
    notes: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether who is meant has been proved."""
        return self.returned is not None or bool(self.sender)

    def toward(self, address: str) -> RecipientVerdict:
        """Return what this says of the person whom the token names, and who was mailed at `address`.

        Behind an address there may be several, of which some fail: unless one of them is `address`, the
        mildest holds.
        """
        mine = [each for each in self.recipients if address.casefold() in _names(each)]
        mildest = max(mine or self.recipients, key=lambda each: GRAVITY[each.kind], default=None)
        return mildest or RecipientVerdict(address, self.kind)


MOVED = "says that the address changed"


def moved_to(new: str) -> str:
    """Return the note that somebody is reached at a `new` address, or at one that isn't said."""
    return f"{MOVED} to {new}" if new else MOVED


def _names(each: RecipientVerdict) -> tuple[str, str]:
    return each.address.casefold(), each.original.casefold()
