"""A delivery: its states and what each may become, what an attempt led to, and when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailer.domain.audience import Recipient
from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Stage, Uncertain, Untried


class State(StrEnum):
    """Where one recipient's copy of an issue is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    HANDED = "handed"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.CLAIMED, State.CANCELLED}),
    State.CLAIMED: frozenset({State.HANDED, State.DEFERRED, State.FAILED, State.QUEUED, State.CANCELLED}),
    State.HANDED: frozenset({State.ACCEPTED, State.DEFERRED, State.FAILED, State.UNCERTAIN}),
    State.DEFERRED: frozenset({State.QUEUED, State.FAILED}),
    State.UNCERTAIN: frozenset({State.ACCEPTED, State.QUEUED}),
    State.ACCEPTED: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),  # only on request: --retry-failed
    State.CANCELLED: frozenset(),
}

TERMINAL = frozenset({State.ACCEPTED, State.FAILED, State.CANCELLED})
OPEN = frozenset(State) - TERMINAL
# What is kept of a delivery. That it is claimed or handed is true only as long as somebody has it in hand.
LASTING = tuple(state for state in State if state not in {State.CLAIMED, State.HANDED})
TRIED = (State.ACCEPTED, State.FAILED, State.DEFERRED, State.UNCERTAIN)  # a server was asked


class Halt(StrEnum):
    """What holds a whole send: a person's word, or its own condition. It waits, or never goes on."""

    PAUSED = "paused"
    STOPPED = "stopped"  # by itself: what a staged rollout must not come to; a person lets it go on
    LIMITED = "limited"  # the clock leaves it alone; a person's `send-issue` goes on
    CANCELLED = "cancelled"


# Nothing more is taken of a send, and what waits in a worker's hand goes back.
AT_REST = frozenset({Halt.PAUSED, Halt.STOPPED, Halt.CANCELLED})


class Claim(NamedTuple):
    """A delivery that this worker alone may hand over."""

    delivery_id: int
    recipient: Recipient
    revision: int = 1  # which text of the send they get


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


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Wait 15 min, then 1 h, 4 h, 16 h, 16 h ...; give up when `limit` has passed since the first attempt."""

    first: timedelta = timedelta(minutes=15)
    factor: int = 4
    longest: timedelta = timedelta(hours=16)
    limit: timedelta = timedelta(hours=72)

    def next_attempt(self, attempts: int, since: datetime, now: datetime) -> datetime | None:
        """Return when to try again after so many attempts (from 1), the first at `since`; None: give up."""
        pause = min(self.first * self.factor ** min(attempts - 1, 9), self.longest)
        return None if now + pause - since > self.limit else now + pause
