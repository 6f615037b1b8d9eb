"""What conditions ask of one person, read from the database as it is now."""

from __future__ import annotations

from sqlalchemy import Connection, select

from mailer.domain.segment.holding import Person, Terms
from mailer.domain.segment.values import Today
from mailer.domain.segment.vocabulary import EVENTS, JOINED, declared
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.people.segments.events import SELECTS, latest_issues
from mailer.people.segments.stored import field_types
from mailer.people.suppressing import Suppressing
from mailer.store.schema import lists, sends, subscribers, subscriptions


def person(connection: Connection, subscriber_id: int, today: Today) -> Person | None:
    """Return a subscriber as conditions see them; None for one who is gone."""
    row = connection.execute(select(subscribers).where(subscribers.c.id == subscriber_id)).one_or_none()
    if row is None:
        return None
    values = {declared(name): value for name, value in (row.fields or {}).items()}
    values |= {name: getattr(row, name) for name in OWN_FIELDS}
    values[JOINED] = row.created_at.astimezone(today.zone).date().isoformat()
    s = subscriptions.c
    on = select(lists.c.name).join(subscriptions, s.list_id == lists.c.id)
    on = on.where(s.subscriber_id == subscriber_id, s.status == Status.SUBSCRIBED)
    return Person(
        subscriber_id,
        {name: value for name, value in values.items() if value is not None},
        frozenset(connection.scalars(on)),
        {word: _happened(connection, word, subscriber_id) for word in EVENTS},
    )


def _happened(connection: Connection, word: str, subscriber_id: int) -> frozenset[str]:
    found = SELECTS[word](Suppressing.of(connection))
    mine = found.where(found.selected_columns.subscriber_id == subscriber_id)
    if EVENTS[word].of_issues:
        mine = mine.add_columns(sends.c.slug)
        return frozenset(row.slug for row in connection.execute(mine))
    return frozenset([""] if connection.execute(mine).first() else [])


def terms(connection: Connection, today: Today) -> Terms:
    """Return what definitions are read by on this day."""
    return Terms(field_types(connection), today, tuple(connection.scalars(latest_issues())))
