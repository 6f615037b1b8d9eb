"""Looking people up: for a preview, which shows an issue as one of them gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Text, func, or_, select, type_coerce

from mailer.domain.audience import Recipient
from mailer.domain.subscriber import Status
from mailer.store.schema import lists, subscribers, subscriptions, suppressions
from mailer.store.snapshot import recipients, snapshot_of


class Directory:
    """Finds subscribers. Each method is one query, and records nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def person(self, email_key: str) -> Recipient | None:
        """Return the subscriber with this address (`Address.key`)."""
        return self._one(_everyone().where(subscribers.c.email_key == email_key))

    def first(self, list_ids: Sequence[int]) -> Recipient | None:
        """Return who has been subscribed to one of these lists the longest."""
        return self._one(_everyone().where(_gets(list_ids)).order_by(subscribers.c.id))

    def barest(self, list_ids: Sequence[int]) -> Recipient | None:
        """Return the subscriber of these lists of whom the least is known: one without a name if possible."""
        known = func.coalesce(func.length(type_coerce(subscribers.c.fields, Text)), 0)
        by = (func.coalesce(subscribers.c.name, "") != "", subscribers.c.language.is_not(None), known)
        return self._one(_everyone().where(_gets(list_ids)).order_by(*by, subscribers.c.id))

    def matching(self, text: str, limit: int) -> list[Recipient]:
        """Return those who have `text` in name or address, in any case as far as the database knows it.

        Those whose name or address begins with it come first.
        """
        columns = (subscribers.c.email_key, subscribers.c.name)
        begins = or_(*(column.istartswith(text, autoescape=True) for column in columns))
        holds = or_(*(column.icontains(text, autoescape=True) for column in columns))
        return self._all(_everyone().where(holds).order_by(begins.desc(), subscribers.c.id).limit(limit))

    def newest(self) -> tuple[int, int]:
        """Return the ids of the newest list and the newest subscriber, 0 for none: they tell of growth."""
        ids = (lists.c.id, subscribers.c.id)
        newest = select(*(func.coalesce(select(func.max(each)).scalar_subquery(), 0) for each in ids))
        with self._engine.connect() as connection:
            row = connection.execute(newest).one()
        return row[0], row[1]

    def _one(self, query: Select[Any]) -> Recipient | None:
        return next(iter(self._all(query.limit(1))), None)

    def _all(self, query: Select[Any]) -> list[Recipient]:
        with self._engine.connect() as connection:
            return recipients(connection.execute(query).all())


def _everyone() -> Select[Any]:
    return select(subscribers.c.id, *snapshot_of(subscribers))


def _gets(list_ids: Sequence[int]) -> ColumnElement[bool]:
    """Say that a subscriber gets what is sent to these lists."""
    members = select(subscriptions.c.subscriber_id).where(
        subscriptions.c.list_id.in_(list_ids), subscriptions.c.status == Status.SUBSCRIBED
    )
    kept_out = select(suppressions.c.email_key)
    return subscribers.c.id.in_(members) & subscribers.c.email_key.not_in(kept_out)
