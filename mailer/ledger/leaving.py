"""Somebody leaves for good: what is open of theirs is cancelled, unless a worker has it in hand just now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from mailer.domain.delivery import State
from mailer.ledger.chunks import add, open_chunks
from mailer.ledger.outcomes import NEW, DeliveryHistory, Tally, histories, write
from mailer.store.schema import chunks, deliveries, outcomes, sends

WAITING = (State.QUEUED, State.DEFERRED)


class OpenDelivery(NamedTuple):
    """A delivery of a person, by the send's id and slug, and what became of it so far.

    `free`: nobody has it in hand, and nobody can take it before this transaction ends.
    """

    send_id: int
    slug: str
    person: int
    history: DeliveryHistory
    free: bool


def deliveries_of(connection: Connection, ids: Collection[int]) -> list[OpenDelivery]:
    """Return the deliveries of a person, by all ids that they have or had."""
    d, s = deliveries.c, sends.c
    found = connection.execute(
        select(s.id, s.slug, d.subscriber_id)
        .join(deliveries, (d.send_id == s.id) & d.subscriber_id.in_(ids))
        .order_by(s.id, d.subscriber_id)
    ).all()
    return [_delivery(connection, *row) for row in found]


def _delivery(connection: Connection, send_id: int, slug: str, person: int) -> OpenDelivery:
    mine = outcomes.c.subscriber_id == person
    history = histories(connection, send_id, mine).get(person, NEW)
    free = history.state not in WAITING or _is_free(connection, send_id, person, history)
    return OpenDelivery(send_id, slug, person, history, free)


def _is_free(connection: Connection, send_id: int, person: int, history: DeliveryHistory) -> bool:
    """Return whether the chunk that somebody waits in is in nobody's hand; then it stays so."""
    c = chunks.c
    which = c.id == history.chunk
    if history.number == 0:
        which = (c.first <= person) & (c.last >= person)
    return any(
        each.people is None or person in each.people for each in open_chunks(connection, send_id, which)
    )


def cancel_open(connection: Connection, found: Collection[OpenDelivery], words: str, now: datetime) -> int:
    """Cancel those of these deliveries that wait and are free; return how many."""
    waiting = [each for each in found if each.free and each.history.state in WAITING]
    for each in waiting:
        history, rows = each.history, []
        if history.state is State.DEFERRED:  # by way of the queue, as NEXT has it
            rows.append(history.then(each.send_id, each.person, State.QUEUED, history.reply, now))
            history = history.followed_by(rows[0])
        rows.append(history.then(each.send_id, each.person, State.CANCELLED, words, now))
        write(connection, rows)
        tally = Tally({State.CANCELLED: 1, each.history.state: -1})
        add(connection, each.send_id, [each.person], tally, is_open=False)
    return len(waiting)
