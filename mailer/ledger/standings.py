"""Where each delivery of a send stands: its row with the latest of its outcomes, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, select

from mailer.domain.delivery import State
from mailer.ledger.chunks import Chunk
from mailer.ledger.outcomes import latest
from mailer.store.schema import chunks, deliveries, outcomes


def standings(*columns: ColumnElement[Any]) -> Select[Any]:
    """Return a SELECT of deliveries with their latest outcome: `columns` of both tables.

    An outcome's columns are NULL for who has none, and is queued: see `state_of`.
    """
    d, o = deliveries.c, outcomes.c
    same = and_(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id, latest())
    return select(*columns).select_from(deliveries.outerjoin(outcomes, same))


def state_of() -> ColumnElement[str]:
    """Return the SQL of the state in `standings`."""
    return func.coalesce(outcomes.c.state, State.QUEUED.value)


def tries() -> Subquery:
    """Return how often each delivery was tried: send_id, subscriber_id, number."""
    o = outcomes.c
    counted = select(o.send_id, o.subscriber_id, func.count().label("number")).where(o.tried)
    return counted.group_by(o.send_id, o.subscriber_id).subquery("tries")


class InHand:
    """Who of a send is in a worker's hand just now: what is queued there is claimed."""

    def __init__(self, connection: Connection, send_id: int) -> None:
        c = chunks.c
        held = select(chunks).where(c.send_id == send_id, c.is_open, c.holder.is_not(None))
        self._ranges: list[Chunk] = []
        self._people: set[int] = set()
        for chunk in map(Chunk.of, connection.execute(held).all()):
            if chunk.people is None:
                self._ranges.append(chunk)
            else:
                self._people.update(chunk.waiting(connection))

    def has(self, person: int, *, fresh: bool) -> bool:
        """Return whether this queued one is; `fresh`: it has no outcome yet."""
        return person in self._people or (
            fresh and any(each.first <= person <= each.last for each in self._ranges)
        )
