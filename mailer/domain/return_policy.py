"""What becomes of whom by what came back: the policy as data, and the decisions that follow from it.

What comes back without a token of ours changes nothing for anybody; that is seen to before the policy is
asked. Nothing here makes anybody mailable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailer.domain.returned import FAILURES, Kind


class ReturnEffect(StrEnum):
    """What was done for one message that came back."""

    SUPPRESSED = "suppressed"  # the address is never mailed again
    LEFT = "left"  # taken off the lists of the send
    COUNTED = "counted"  # one more send in a row that did not arrive
    NOTED = "noted"  # kept for people to read; nobody's subscription is changed
    NOTHING = "nothing"  # nobody is meant who is known here
    UNPROVED = "unproved"  # no token of ours: nothing is believed of it


class Sanction(StrEnum):
    """What one message that came back brings about; the value is how the settings have it."""

    SUPPRESS = "suppress"
    COUNT = "count"
    LEAVE = "leave"
    NOTE = "note"


SOFT = re.compile(r"(\d{1,3}) ?/ ?(\d{1,3}) ?d", re.IGNORECASE)
NEVER = "never"
# How long after a send a bounce may still be on its way: before that silence is no success.
PATIENCE = timedelta(days=5)


class PastSend(NamedTuple):
    """How one send ended for a person: whether it came back, and when."""

    at: datetime
    failed: bool


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """What each kind of what comes back does.

    `hard` is SUPPRESS, COUNT or NOTE, and `blocked` one of the last two; `complaint` and `unsubscribe` are
    SUPPRESS, or LEAVE: only the lists of the send. Whose mail came back for `sends` sends in a row, the first
    and the last of them at least `days` days apart, is suppressed; `sends` 0: never. `refused` is whether a
    server's refusal at once counts the same.
    """

    hard: Sanction = Sanction.SUPPRESS
    complaint: Sanction = Sanction.SUPPRESS
    sends: int = 5
    days: int = 10
    refused: bool = True
    blocked: Sanction = Sanction.NOTE
    unsubscribe: Sanction = Sanction.LEAVE

    @property
    def counted(self) -> frozenset[Kind]:
        """The kinds that make a send one of those in a row, whatever else they do."""
        return FAILURES if self.blocked is Sanction.COUNT else FAILURES - {Kind.BLOCKED}

    def effect(self, kind: Kind) -> ReturnEffect:
        """Return what the kind of a return does by itself, before sends in a row are counted."""
        match kind:
            case Kind.HARD:
                return _EFFECTS[self.hard]
            case Kind.COMPLAINT:
                return _EFFECTS[self.complaint]
            case Kind.UNSUBSCRIBE:
                return _EFFECTS[self.unsubscribe]
            case Kind.BLOCKED:
                return _EFFECTS[self.blocked]
            case Kind.SOFT:
                return ReturnEffect.COUNTED
        return ReturnEffect.NOTED

    def lines(self) -> list[tuple[str, str]]:
        """Return what each kind does, as a person reads it."""
        in_a_row = (
            f"counted; suppressed after {self.sends} sends in a row over {self.days} days or more"
            if self.sends
            else "counted, and nothing follows"
        )
        hard = {
            Sanction.SUPPRESS: "the address is suppressed",
            Sanction.COUNT: in_a_row,
            Sanction.NOTE: "nothing: it is noted",
        }[self.hard]
        left = {
            Sanction.LEAVE: "off the lists of that send",
            Sanction.SUPPRESS: "suppressed, and off every list",
        }
        blocked = {
            Sanction.NOTE: "nothing to the person: it is the sender's to put right",
            Sanction.COUNT: in_a_row,
        }
        return [
            (Kind.HARD, hard),
            (Kind.SOFT, in_a_row),
            (Kind.COMPLAINT, left[self.complaint]),
            (Kind.UNSUBSCRIBE, left[self.unsubscribe]),
            (Kind.BLOCKED, blocked[self.blocked]),
            ("anything else", "nothing: it is noted"),
            ("refused at once", "the same" if self.refused else "nothing"),
        ]

    def too_many(self, past: Sequence[PastSend], now: datetime) -> bool:
        """Return whether enough sends in a row came back; `past` is the newest first."""
        failed = in_a_row(past, now)
        if not self.sends or len(failed) < self.sends:
            return False
        return failed[0].at - failed[-1].at >= timedelta(days=self.days)


_EFFECTS = {
    Sanction.LEAVE: ReturnEffect.LEFT,
    Sanction.SUPPRESS: ReturnEffect.SUPPRESSED,
    Sanction.COUNT: ReturnEffect.COUNTED,
    Sanction.NOTE: ReturnEffect.NOTED,
}


def in_a_row(past: Sequence[PastSend], now: datetime) -> Sequence[PastSend]:
    """Return the latest sends that came back one after the other; a success ends the row.

    What went out lately and has not come back proves nothing yet.
    """
    failed: list[PastSend] = []
    for each in past:
        if each.failed:
            failed.append(each)
        elif failed or now - each.at >= PATIENCE:
            break
    return failed


def read_soft(text: str) -> tuple[int, int]:
    """Return sends and days of `5/10d`, or 0 sends for `never`; ValueError says how to write it."""
    if text.strip().lower() == NEVER:
        return 0, 0
    found = SOFT.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(
            "write it like 5/10d (after 5 sends in a row that came back, over 10 days at least), or never"
        )
    return int(found[1]), int(found[2])
