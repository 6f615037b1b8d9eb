"""Who may come to be mailed, page by page: whose addresses are worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Engine, select

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
    with engine.connect() as connection:
        never, ids = Suppressing.of(connection), list_ids(connection, lists)
    s, columns = subscriptions.c, (subscribers.c.id, subscribers.c.email, subscribers.c.email_key)
    on = select(s.list_id).where(s.subscriber_id == subscribers.c.id, s.status != Status.UNSUBSCRIBED)
    if ids:
        on = on.where(s.list_id.in_(ids))
    people = select(*columns).where(on.exists(), ~never.suppressed()).order_by(subscribers.c.id).limit(PAGE)
    last = 0
    while True:
        with engine.connect() as connection:
            page = connection.execute(people.where(subscribers.c.id > last)).all()
        if not page:
            return
        yield from (Reachable(*row) for row in page)
        last = page[-1].id
