"""Who may come to be mailed, page by page: whose addresses are worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, func, select

from mailer.domain.subscriber import Status
from mailer.people.lists import list_ids
from mailer.people.suppressing import Suppressing
from mailer.store.schema import subscribers, subscriptions

PAGE = 5000  # people read at once


class Reachable(NamedTuple):
    """Somebody, and their address: as typed, and `Address.key`."""

    id: int
    email: str
    key: str

    @property
    def domain(self) -> str:
        """The domain of the address, in small letters."""
        return self.key.rpartition("@")[2]


def reachable(engine: Engine, lists: Sequence[str]) -> Iterator[Reachable]:
    """Yield who is on one of these lists (by name; none: on any) and has not left it, but for the suppressed.

    UsageError for an unknown list.
    """
    p = subscribers.c
    people = select(p.id, p.email, p.email_key).where(*_wanted(engine, lists)).order_by(p.id).limit(PAGE)
    last = 0
    while True:
        with engine.connect() as connection:
            page = connection.execute(people.where(p.id > last)).all()
        if not page:
            return
        yield from (Reachable(*row) for row in page)
        last = page[-1].id


def count_reachable(engine: Engine, lists: Sequence[str]) -> int:
    """Return how many `reachable` yields."""
    counted = select(func.count()).select_from(subscribers).where(*_wanted(engine, lists))
    with engine.connect() as connection:
        return int(connection.scalar(counted) or 0)


def _wanted(engine: Engine, lists: Sequence[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    with engine.connect() as connection:
        never, ids = Suppressing.of(connection), list_ids(connection, lists)
    s = subscriptions.c
    on = select(s.list_id).where(s.subscriber_id == subscribers.c.id, s.status != Status.UNSUBSCRIBED)
    return (on.where(s.list_id.in_(ids)) if ids else on).exists(), ~never.suppressed()
