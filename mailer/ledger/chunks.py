"""Chunks: deliveries that are taken together, so that one row is changed for many people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    bindparam,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from mailer.domain.delivery import LASTING, NEXT, Settlement, State
from mailer.domain.local_time import LocalTime
from mailer.ledger.outcomes import NEW, DeliveryHistory, OutcomeRow, Tally, histories, write
from mailer.store.dialect import among
from mailer.store.schema import chunks, deliveries, outcomes, subscribers

CHUNK = (50, 1000)  # the least and the most people in one: more make no statement quicker
SHARES = 16  # chunks that even a small send is cut in, so that several can work on it


@dataclass(frozen=True, slots=True)
class Chunk:
    """A row of `chunks`: who is in it. It is in another hand if its `epoch` or `holder` changed since."""

    id: int
    send_id: int
    first: int
    last: int
    people: tuple[int, ...] | None
    epoch: int = 0
    holder: str | None = None

    @classmethod
    def of(cls, row: Row[Any]) -> Chunk:
        """Return the chunk in a row."""
        people = None if row.people is None else tuple(row.people)
        return cls(row.id, row.send_id, row.first, row.last, people, row.epoch, row.holder)

    def has(self, table: FromClause) -> ColumnElement[bool]:
        """Return whether a row of `table`, with these columns, is of a delivery in this chunk."""
        t = table.c
        mine = (t.send_id == self.send_id) & t.subscriber_id.between(self.first, self.last)
        return mine if self.people is None else mine & among(t.subscriber_id, self.people)

    def members(self, connection: Connection) -> dict[int, DeliveryHistory]:
        """Return who is in it, with what became of them so far."""
        d = deliveries.c
        everyone = connection.scalars(select(d.subscriber_id).where(self.has(deliveries)))
        known = self.histories(connection)
        return {person: known.get(person, NEW) for person in everyone}

    def histories(self, connection: Connection) -> dict[int, DeliveryHistory]:
        """Return what became so far of those in it of whom anything is known."""
        return histories(connection, self.send_id, self.has(outcomes))

    def waiting(self, connection: Connection, state: State = State.QUEUED) -> dict[int, DeliveryHistory]:
        """Return those in it who wait to be sent, or for its time if they are `deferred`.

        Whoever waits does so in one chunk: where they were frozen (of whom nothing is known yet), or else in
        the one that their latest outcome names.
        """
        everyone = self.members(connection).items()
        return {key: each for key, each in everyone if self.awaits(each, state)}

    def awaits(self, history: DeliveryHistory, state: State = State.QUEUED) -> bool:
        """Return whether a delivery in it, with this history, waits in it and in no other."""
        if history.number == 0:
            return state is State.QUEUED
        return self.people is not None and history.state is state and history.chunk == self.id


def cut(
    connection: Connection, send_id: int, size: int | None = None, local: LocalTime | None = None
) -> None:
    """Make the chunks of a send that was frozen: `size` people each, of which none has an outcome yet.

    With a `local` time everybody in one gets theirs at the same moment, which it waits for.
    """
    d = deliveries.c
    mine = d.send_id == send_id
    if size is None:
        number = connection.scalar(select(func.count()).select_from(deliveries).where(mine)) or 0
        size = size_for(number)
    if local:
        _cut_by_time(connection, send_id, size, local)
        return
    rows = [
        {"send_id": send_id, "first": first, "last": last, "is_open": True, State.QUEUED.value: people}
        for first, last, people in _shares(connection, send_id, size)
    ]
    if rows:
        connection.execute(insert(chunks), rows)


def _shares(connection: Connection, send_id: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Yield the first and the last of so many people, and how many they are, until none is left.

    Each lot is a stretch of the key: to number everybody in one statement takes five times as long.
    """
    d = deliveries.c
    rest = select(d.subscriber_id).where(d.send_id == send_id, d.subscriber_id > bindparam("after"))
    lot = rest.order_by(d.subscriber_id).limit(size).subquery().c.subscriber_id
    ends = select(func.min(lot), func.max(lot), func.count())
    last, people = 0, size
    while people == size:
        first, last, people = connection.execute(ends, {"after": last}).one()
        if people:
            yield first, last, people


def size_for(people: int) -> int:
    """Return how many to put in a chunk where there are so many."""
    return min(max(-(-people // SHARES), CHUNK[0]), CHUNK[1])


def _cut_by_time(connection: Connection, send_id: int, size: int, local: LocalTime) -> None:
    d, zone = deliveries.c, subscribers.c.timezone
    theirs = select(d.subscriber_id).join(subscribers, subscribers.c.id == d.subscriber_id)
    theirs = theirs.where(d.send_id == send_id)
    known = connection.scalars(theirs.with_only_columns(zone).distinct()).all()
    at: dict[datetime, list[str | None]] = {}
    for each in known:
        at.setdefault(local.at(each), []).append(each)
    for moment, zones in sorted(at.items()):
        named = [each for each in zones if each is not None]
        within = or_(zone.in_(named), zone.is_(None) if None in zones else false())
        people = connection.scalars(theirs.where(within).order_by(d.subscriber_id)).all()
        due = moment if moment > local.now else None
        for group in groups(people, size):
            add(connection, send_id, group, Tally({State.QUEUED: len(group)}), due_at=due)


def add(
    connection: Connection,
    send_id: int,
    people: Collection[int],
    tally: Tally,
    *,
    is_open: bool = True,
    due_at: datetime | None = None,
    receiver: str | None = None,
    stage: int | None = None,
) -> int:
    """Make a chunk of these people, of the mailbox provider `receiver` if that was held back; return its id.

    With a `stage` it waits until the send has come so far.
    `tally` says how the send's totals are changed by what is done with it.
    """
    listed = sorted(people)
    row = {"send_id": send_id, "first": listed[0], "last": listed[-1], "people": listed}
    row |= {"is_open": is_open, "due_at": due_at, "receiver": receiver, "stage": stage}
    row |= {state.value: tally[state] for state in LASTING}
    (made,) = connection.execute(insert(chunks).values(row).returning(chunks.c.id)).one()
    return int(made)


def change(connection: Connection, chunk: Chunk, tally: Tally, **values: Any) -> bool:
    """Let the tally of a chunk follow what was done, and set `values`; False if it is in another hand now."""
    c = chunks.c
    counted = {state.value: c[state.value] + number for state, number in tally.items() if number}
    held = (c.epoch == chunk.epoch) & c.holder.is_not_distinct_from(chunk.holder)
    row = update(chunks).where(c.id == chunk.id, held)
    return connection.execute(row.values(counted | values | {"id": chunk.id})).rowcount == 1


LET_GO = {"holder": None, "leased_until": None, "in_doubt": None}
CLOSED = LET_GO | {"is_open": False}


def open_chunks(connection: Connection, send_id: int, *which: ColumnElement[bool]) -> list[Chunk]:
    """Return the open chunks of a send, in the order in which they are taken; of those nobody has in hand."""
    c = chunks.c
    query = select(chunks).where(c.send_id == send_id, c.is_open, c.holder.is_(None), *which)
    return [
        Chunk.of(row) for row in connection.execute(query.order_by(c.id).with_for_update(skip_locked=True))
    ]


def move(
    connection: Connection,
    send_id: int,
    moved: Mapping[int, DeliveryHistory],
    after: State,
    words: str | None,
    now: datetime,
) -> int:
    """Append an outcome to each of these deliveries that may become `after`; return to how many.

    What is queued thereby makes new chunks. Without `words` each keeps the words it had.
    """
    lawful = {key: each for key, each in moved.items() if after in NEXT[each.state]}
    for group in groups(lawful):
        tally = Tally({after: len(group)})
        tally.subtract(lawful[key].state for key in group)
        chunk = add(connection, send_id, group, tally, is_open=after is State.QUEUED)
        waits_in = chunk if after is State.QUEUED else None
        told = {key: lawful[key].reply if words is None else words for key in group}
        rows = [lawful[key].then(send_id, key, after, told[key], now, waits_in) for key in group]
        write(connection, rows)
    return len(lawful)


def requeue(connection: Connection, chunk: Chunk, now: datetime) -> int:
    """Queue those in a chunk that waited for its time, in the same chunk; return how many."""
    send_id = chunk.send_id
    due = chunk.waiting(connection, State.DEFERRED)
    rows = [each.then(send_id, key, State.QUEUED, each.reply, now, chunk.id) for key, each in due.items()]
    write(connection, rows)
    tally = Tally({State.DEFERRED: -len(due), State.QUEUED: len(due)})
    still = bool(due) or bool(chunk.waiting(connection))  # all may have been settled elsewhere
    change(connection, chunk, tally, due_at=None, is_open=still)
    return len(due)


def cancel(connection: Connection, chunk: Chunk, words: str, now: datetime) -> int:
    """Cancel those in a chunk that are queued, and close it; return how many."""
    queued = chunk.waiting(connection)
    rows = [each.then(chunk.send_id, key, State.CANCELLED, words, now) for key, each in queued.items()]
    write(connection, rows)
    change(connection, chunk, Tally({State.QUEUED: -len(queued), State.CANCELLED: len(queued)}), **CLOSED)
    return len(queued)


def settle_elsewhere(
    connection: Connection,
    send_id: int,
    told: Mapping[int, tuple[Settlement, DeliveryHistory]],
    revision: int,
) -> None:
    """Append what became of deliveries that nobody here has in hand, as others tell it.

    What was deferred is due at once: perhaps it was tried since by somebody of whom nothing is known yet.
    """
    if not told:
        return
    tally = Tally(word.state for word, _ in told.values())
    tally.subtract(known.state for _, known in told.values())
    waits = [word.at for word, _ in told.values() if word.state is State.DEFERRED]
    chunk = add(connection, send_id, told, tally, is_open=bool(waits), due_at=max(waits, default=None))
    write(
        connection,
        [
            OutcomeRow(
                send_id,
                key,
                known.number + 1,
                word.state,
                word.stage,
                word.at,
                word.at if word.state is State.DEFERRED else None,
                word.words,
                known.bound or revision,
                tried=True,
                chunk=chunk if word.state is State.DEFERRED else None,
            )
            for key, (word, known) in told.items()
        ],
    )


def groups(people: Iterable[int], size: int = CHUNK[1]) -> Iterator[Sequence[int]]:
    """Yield the people in order, `size` at a time; there may be no more in one chunk by default."""
    everyone = iter(sorted(people))
    while group := list(islice(everyone, size)):
        yield group
