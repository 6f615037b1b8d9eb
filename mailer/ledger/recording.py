"""Writing down what became of deliveries: by compare-and-set, every attempt kept. Run for every message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, literal, select, update

from mailer.domain.delivery import NEXT, RetryPolicy, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.store.schema import attempts, deliveries, passed

# From which states an outcome may be recorded: directly, or by way of `handed`, which stands in the journal.
SOURCES = {
    after: [
        before
        for before in (State.CLAIMED, State.HANDED)
        if after in NEXT[before] or (State.HANDED in NEXT[before] and after in NEXT[State.HANDED])
    ]
    for after in State
}

# Written out, not built: these run for every message, and building them anew for each row would cost three
# times what they do.
_KEEP_ATTEMPT = """
    INSERT INTO attempts (delivery_id, at, state, stage, reply)
    SELECT id, ?, ?, ?, ? FROM deliveries WHERE id = ? AND worker = ? AND state IN ({sources})
"""
_SETTLE = """
    UPDATE deliveries
    SET state = ?, worker = NULL, reason = ?, attempts = attempts + ?,
        first_attempt_at = coalesce(first_attempt_at, ?), due_at = ?, updated_at = ?
    WHERE id = ? AND worker = ? AND state IN ({sources})
"""


def record(
    connection: Connection, policy: RetryPolicy, worker: str, account: str, settlements: Sequence[Settlement]
) -> None:
    """Record `settlements` of deliveries held by `worker`, in the caller's transaction.

    `account` is the `ledger.pace_memory.account_key` of the one that they went through.
    """
    by_state: dict[State, list[Settlement]] = {}
    for settlement in settlements:
        by_state.setdefault(settlement.state, []).append(settlement)
    deferred = by_state.pop(State.DEFERRED, [])
    due = _due(connection, policy, deferred) if deferred else {}
    for state, group in by_state.items():
        due.setdefault(state, []).extend((s, None) for s in group)
    for state, pairs in due.items():
        if pairs and (number := _record(connection, worker, state, pairs)) and state is State.ACCEPTED:
            note_passed(connection, account, max(s.at for s, _ in pairs), number)


def note_passed(connection: Connection, account: str, at: datetime, number: int) -> None:
    """Note that so many messages were accepted by then."""
    connection.execute(insert(passed), {"account": account, "at": at, "number": number})


def _record(
    connection: Connection, worker: str, state: State, pairs: list[tuple[Settlement, datetime | None]]
) -> int:
    """Record one state; return how many deliveries the worker did hold."""
    sources = ", ".join(f"'{source}'" for source in SOURCES[state])
    if state is not State.ACCEPTED:
        # The attempt is kept first, under the same condition: afterwards the row is no longer held.
        kept = [
            (utc_text(s.at), state.value, s.stage.value, s.words, s.delivery_id, worker) for s, _ in pairs
        ]
        connection.exec_driver_sql(_KEEP_ATTEMPT.format(sources=sources), kept)
    settled = []
    for s, when in pairs:
        at, due = utc_text(s.at), when and utc_text(when)
        tried = state is not State.QUEUED and s.due is None
        first = at if tried else None
        settled.append((state.value, s.words, int(tried), first, due, at, s.delivery_id, worker))
    return connection.exec_driver_sql(_SETTLE.format(sources=sources), settled).rowcount


def _due(
    connection: Connection, policy: RetryPolicy, deferred: list[Settlement]
) -> dict[State, list[tuple[Settlement, datetime | None]]]:
    """Split deferred settlements into those to try again, with the time, and those that failed for good."""
    d = deliveries.c
    known = {
        row.id: row
        for row in connection.execute(
            select(d.id, d.attempts, d.first_attempt_at).where(d.id.in_([s.delivery_id for s in deferred]))
        )
    }
    split: dict[State, list[tuple[Settlement, datetime | None]]] = {State.DEFERRED: [], State.FAILED: []}
    for s in deferred:
        if row := known.get(s.delivery_id):
            again = s.due or policy.next_attempt(row.attempts + 1, row.first_attempt_at or s.at, s.at)
            split[State.FAILED if again is None else State.DEFERRED].append((s, again))
    return split


def give_back(
    connection: Connection, worker: str, state: State, reason: str | None, now: datetime
) -> list[int]:
    """Move all that `worker` still holds to `state`; return the deliveries' ids."""
    d = deliveries.c
    held = (d.worker == worker) & d.state.in_((State.CLAIMED, State.HANDED))
    if state is State.UNCERTAIN:
        # Kept as any attempt in vain: a delivery that was ever in doubt keeps its text.
        at = literal(now, d.updated_at.type)
        doubt = at, literal(state.value), literal(Stage.CONTENT.value), literal(reason)
        connection.execute(
            insert(attempts).from_select(
                ["delivery_id", "at", "state", "stage", "reply"], select(d.id, *doubt).where(held)
            )
        )
    return list(
        connection.scalars(
            update(deliveries)
            .where(held)
            .values(state=state, worker=None, reason=reason, updated_at=now)
            .returning(d.id)
        )
    )
