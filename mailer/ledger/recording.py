"""Writing down what became of the deliveries of a chunk, as long as it is held. Run for every message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailer.domain.delivery import RetryPolicy, Settlement, State
from mailer.domain.send import Send
from mailer.ledger.chunks import CLOSED, add, change
from mailer.ledger.outcomes import NEW, OutcomeRow, Tally, note_passed, write, write_accepted
from mailer.ledger.taking import HeldChunk, cancelled, heed_pauses


def record(
    connection: Connection,
    policy: RetryPolicy,
    taken: HeldChunk,
    settlements: Sequence[Settlement],
    revision: int,
    account: str,
) -> bool:
    """Append what became of deliveries of a chunk, in the caller's transaction; False if others have it now.

    `revision` is the number of the text that they were handed over with, `account` the
    `ledger.pace_memory.account_key` of the one that they went through.
    """
    plain: list[Settlement] = []
    others: list[Settlement] = []
    for each in settlements:
        first = each.state is State.ACCEPTED and each.delivery_id not in taken.histories
        (plain if first else others).append(each)
    rows = [_row(policy, taken, each, revision) for each in others]
    if not append(connection, taken, rows, accepted=len(plain)):
        return False
    write_accepted(connection, taken.chunk.send_id, plain, revision)
    if through := [each.at for each in settlements if each.state is State.ACCEPTED]:
        note_passed(connection, account, max(through), len(through))
    return True


def append(connection: Connection, taken: HeldChunk, rows: Sequence[OutcomeRow], accepted: int = 0) -> bool:
    """Append outcomes of who waits in a chunk, if it is held still; the last ones close it.

    So many more were `accepted`, whose rows are the caller's to write.
    """
    tally = Tally(row.state for row in rows)
    tally[State.ACCEPTED] += accepted
    tally[State.QUEUED] = -len(rows) - accepted  # whoever is put back waits in another chunk
    done = len(rows) + accepted == len(taken.waiting)
    if not change(connection, taken.chunk, tally, **(CLOSED if done else {})):
        return False
    write(connection, _placed(connection, taken.chunk.send_id, rows))
    return True


def withdraw(
    connection: Connection, send: Send, taken: HeldChunk, gone: Mapping[int, str], now: datetime
) -> None:
    """Cancel people of a chunk, if it is held still, for these reasons.

    Who only pauses gets a step of a sequence when they are back.
    """
    if append(connection, taken, cancelled(taken, gone, now)):
        heed_pauses(connection, send, gone, now)


def _row(policy: RetryPolicy, taken: HeldChunk, settled: Settlement, revision: int) -> OutcomeRow:
    delivery_id, state, at, stage, words, due = settled
    known = taken.histories.get(delivery_id, NEW)
    tried = state is not State.QUEUED and due is None
    if state is State.DEFERRED and due is None:
        due = policy.next_attempt(known.tries + 1, known.since or at, at)
        state = State.FAILED if due is None else State.DEFERRED
    text = known.bound or revision
    return OutcomeRow(
        taken.chunk.send_id, delivery_id, known.number + 1, state, stage, at, due, words, text, tried
    )


def _placed(connection: Connection, send_id: int, rows: Sequence[OutcomeRow]) -> Sequence[OutcomeRow]:
    """Return the rows of what goes again with the chunks that are made for it: one for each second."""
    again: dict[datetime | None, list[OutcomeRow]] = {}
    for row in rows:
        if row.state in (State.QUEUED, State.DEFERRED):
            again.setdefault(row.due_at and row.due_at.replace(microsecond=0), []).append(row)
    if not again:
        return rows
    placed = [row for row in rows if row.state not in (State.QUEUED, State.DEFERRED)]
    for group in again.values():
        # What is queued is so in another chunk; what is deferred is counted where that became known.
        queued = sum(row.state is State.QUEUED for row in group)
        due = max((row.due_at for row in group if row.due_at), default=None)
        people = [row.subscriber_id for row in group]
        chunk = add(connection, send_id, people, Tally({State.QUEUED: queued}), due_at=due)
        placed += [row._replace(chunk=chunk) for row in group]
    return placed
