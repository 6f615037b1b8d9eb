"""What became of one delivery, ready to be recorded."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from mailer.domain.delivery import State
from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Stage, Uncertain, Untried


class Settlement(NamedTuple):
    """The state an attempt led to, when, where, and the server's words (ours for a lost answer).

    `due` is when a deferred one may go again, where that was a limit of the server and not the recipient's
    doing: such an attempt counts neither for the retry policy's pauses nor for its end.
    """

    delivery_id: int
    state: State
    at: datetime
    stage: Stage
    words: str
    due: datetime | None = None


def settle(delivery_id: int, outcome: Outcome, at: datetime) -> Settlement:
    """Return what the ledger records for `outcome`."""
    match outcome:
        case Accepted(reply, stage):
            return Settlement(delivery_id, State.ACCEPTED, at, stage, str(reply))
        case Deferred(reply, stage):
            return Settlement(delivery_id, State.DEFERRED, at, stage, str(reply))
        case Rejected(reply, stage):
            return Settlement(delivery_id, State.FAILED, at, stage, str(reply))
        case Uncertain(reason, stage):
            return Settlement(delivery_id, State.UNCERTAIN, at, stage, reason)
        case Untried(reason, stage):
            return Settlement(delivery_id, State.QUEUED, at, stage, reason)
