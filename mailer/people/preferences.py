"""What somebody may see and change of themselves: lists, name and language, the fields that are theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from mailer.domain.preferences import OWN, ListPreference, Preferences
from mailer.domain.subscriber import Status
from mailer.people.field_types import known_fields
from mailer.people.former import known_as
from mailer.people.person import known_values
from mailer.people.suppressing import suppression_of
from mailer.store.schema import lists, subscribers, subscriptions


def preferences(connection: Connection, subscriber_id: int, now: datetime) -> Preferences | None:
    """Return how it stands with a person; None if they are gone."""
    number = known_as(connection, subscriber_id)
    person = connection.execute(select(subscribers).where(subscribers.c.id == number)).one_or_none()
    if person is None:
        return None
    shown, paused_until = _lists(connection, number, now)
    editable = tuple(each for each in known_fields(connection) if each.is_editable)
    values, names = known_values(person), {each.name for each in (*OWN, *editable)}
    return Preferences(
        number,
        person.email,
        shown,
        editable,
        {name: value for name, value in values.items() if name in names},
        paused_until,
        suppression_of(connection, person.email_key) is not None,
    )


def _lists(
    connection: Connection, subscriber_id: int, now: datetime
) -> tuple[tuple[ListPreference, ...], datetime | None]:
    """Return those that they are on, and those that are public; and until when they pause."""
    s, c = subscriptions.c, lists.c
    mine = and_(s.list_id == c.id, s.subscriber_id == subscriber_id)
    rows = connection.execute(
        select(c.id, c.title, c.description, c.double_opt_in, s.status, s.paused_until)
        .outerjoin(subscriptions, mine)
        .where(c.deleted_at.is_(None))
        .where(or_(s.status == Status.SUBSCRIBED, and_(c.is_public, c.archived_at.is_(None))))
        .order_by(c.title, c.id)
    ).all()
    # Whose address gets no list at all may be anybody's by now.
    proved = any(row.status == Status.SUBSCRIBED for row in rows)
    found = tuple(
        ListPreference(
            row.id,
            row.title,
            row.description,
            Status(row.status) if row.status else None,
            asks=row.double_opt_in or row.status is not None or not proved,
        )
        for row in rows
    )
    pauses = [row.paused_until for row in rows if row.paused_until and row.paused_until > now]
    return found, max(pauses, default=None)
