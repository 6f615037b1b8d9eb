"""Two records are one person's: they stand in each sequence once, with all the steps that either got."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from mailer.domain.sequence import MemberState
from mailer.ledger.sequence_restoring import join_learned
from mailer.ledger.sequences import end_broken
from mailer.store.schema import sequence_members, sequence_steps

RANK = {state: place for place, state in enumerate(MemberState)}


def join_members(
    connection: Connection, keep: int, other: int, unsent: Collection[int], now: datetime
) -> None:
    """Let all that one person did in sequences be another one's, before the first one's record is gone.

    What was said more strictly counts: whoever left with one record has left. `unsent` are the sends of which
    the other's mail was taken back: that step is not settled thereby.
    """
    m = sequence_members.c
    end_broken(connection, m.subscriber_id.in_((keep, other)), now)  # what is joined shows it no more
    mine = {(row.sequence_id, row.occasion): row for row in _rows(connection, keep)}
    for theirs in _rows(connection, other):
        before = mine.get((theirs.sequence_id, theirs.occasion))
        values = _joined(before, theirs) if before else dict(theirs._mapping)
        values |= {"subscriber_id": keep, "changed_at": now}
        if before:
            connection.execute(update(sequence_members).where(*_is(before)).values(values))
        else:
            connection.execute(insert(sequence_members).values(values))
        _carry_steps(connection, keep, theirs, unsent)
        connection.execute(delete(sequence_members).where(*_is(theirs)))
    join_learned(connection, keep, other)
    # What they are on the list from now on is what their records were joined to.
    active = (m.subscriber_id == keep, m.state == MemberState.ACTIVE)
    connection.execute(update(sequence_members).where(*active).values(on_list_at=now))


def _joined(mine: Row[Any], theirs: Row[Any]) -> dict[str, Any]:
    first = max((mine, theirs), key=lambda each: RANK[MemberState(each.state)])
    values = {name: first._mapping[name] for name in ("why", "started_at", "on_list_at", "state", "reason")}
    values["since"] = max(mine.since, theirs.since)
    due = [each.next_at for each in (mine, theirs) if each.next_at]
    values["next_at"] = max(due) if due and first.state == MemberState.ACTIVE else None
    return values


def _carry_steps(connection: Connection, keep: int, theirs: Row[Any], unsent: Collection[int]) -> None:
    t = sequence_steps.c
    of = (t.sequence_id == theirs.sequence_id, t.occasion == theirs.occasion)
    had = set(connection.scalars(select(t.step).where(*of, t.subscriber_id == keep)))
    rows = connection.execute(
        select(sequence_steps).where(*of, t.subscriber_id == theirs.subscriber_id)
    ).all()
    carried = [
        {**row._mapping, "subscriber_id": keep}
        for row in rows
        if row.step not in had and row.send_id not in unsent
    ]
    if carried:
        connection.execute(insert(sequence_steps), carried)


def _rows(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    m = sequence_members.c
    return list(connection.execute(select(sequence_members).where(m.subscriber_id == subscriber_id)))


def _is(row: Row[Any]) -> tuple[Any, ...]:
    m = sequence_members.c
    return (
        m.sequence_id == row.sequence_id,
        m.subscriber_id == row.subscriber_id,
        m.occasion == row.occasion,
    )
