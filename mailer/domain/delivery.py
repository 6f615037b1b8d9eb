"""The states of a delivery and what each may become: the table is the documentation."""

from __future__ import annotations

from enum import StrEnum


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


class Halt(StrEnum):
    """A person's word to a whole send: wait, leave the rest to me, or never go on."""

    PAUSED = "paused"
    LIMITED = "limited"  # the clock leaves it alone; a person's `send-issue` goes on
    CANCELLED = "cancelled"


def may_become(before: State, after: State) -> bool:
    """Whether the ledger may record `after` for a delivery that is `before`."""
    return after in NEXT[before]
