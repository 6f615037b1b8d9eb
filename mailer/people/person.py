"""One person as they are kept: looked up, with every list and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select, update

from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.errors import UsageError
from mailer.people.former import person_id
from mailer.store.schema import lists, subscribers, subscriptions

COLUMNS = OWN_FIELDS[1:]


class Subscription(NamedTuple):
    """A person on a list: what they are there, by which words, since when, and until when they pause."""

    list_id: int
    list_name: str
    status: Status
    source: str
    since: datetime
    paused_until: datetime | None


def kept(connection: Connection, email_key: str) -> Row[Any] | None:
    """Return the row of `subscribers` of who has an address (`Address.key`), or had it."""
    number = person_id(connection, email_key)
    if number is None:
        return None
    return connection.execute(select(subscribers).where(subscribers.c.id == number)).one_or_none()


def required(connection: Connection, email_key: str) -> Row[Any]:
    """Return the same; UsageError if the address is nobody's."""
    found = kept(connection, email_key)
    if found is None:
        raise UsageError(f"nobody here has the address {email_key}", next_step="See: mailer subscribers list")
    return found


def subscriptions_of(connection: Connection, subscriber_id: int) -> list[Subscription]:
    """Return every list that a person is or was on, by name."""
    s = subscriptions.c
    rows = connection.execute(
        select(s.list_id, lists.c.name, s.status, s.source, s.since, s.paused_until)
        .join(lists, lists.c.id == s.list_id)
        .where(s.subscriber_id == subscriber_id)
        .order_by(lists.c.name)
    )
    return [Subscription(*row)._replace(status=Status(row.status)) for row in rows]


def known_values(person: Row[Any]) -> dict[str, Any]:
    """Return what is known of a person in a row of `subscribers`, by field name, beside their address."""
    own = {column: getattr(person, column) for column in COLUMNS} | (person.fields or {})
    return {name: value for name, value in own.items() if value is not None}


def write(connection: Connection, person: Row[Any], values: Mapping[str, Any], now: datetime) -> list[str]:
    """Give a person these values by field name, None for none; return the names of those that are news."""
    before = {column: getattr(person, column) for column in COLUMNS} | (person.fields or {})
    changed = [name for name, value in values.items() if repr(before.get(name)) != repr(value)]
    if changed:
        after = {**before, **values}
        free = {name: value for name, value in after.items() if name not in COLUMNS and value is not None}
        own = {column: after[column] for column in COLUMNS}
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == person.id)
            .values(**own, fields=free or None, updated_at=now)
        )
    return changed
