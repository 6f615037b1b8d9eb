"""All that is held of a person, table by table: what they may ask for, and take elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from mailer.domain.suppression import keys_of
from mailer.people.erasing import addresses_of
from mailer.people.former import ids_of
from mailer.people.suppressing import Hashing
from mailer.store.schema import (
    consent_sources,
    consents,
    lists,
    metadata,
    sends,
    signups,
    subscribers,
    suppressions,
)

Rows = list[dict[str, Any]]
# What stands elsewhere than with the person, and says what their rows mean.
CONTEXT = {lists: ("id", "name", "title"), sends: ("id", "slug", "subject", "created_at")}


def held(connection: Connection, person: Row[Any]) -> dict[str, Rows]:
    """Return every row about a person (a row of `subscribers`), by table, and what those refer to.

    GDPR, articles 15 and 20.
    """
    ids = ids_of(connection, person.id)
    found = {
        table.name: _rows(connection, table, which)
        for table in metadata.sorted_tables
        if (which := _theirs(connection, table, person, ids)) is not None
    }
    context = {
        table.name: list(_context(connection, table, names, found)) for table, names in CONTEXT.items()
    }
    return {name: rows for name, rows in (found | context).items() if rows}


def _theirs(
    connection: Connection, table: Table, person: Row[Any], ids: tuple[int, ...]
) -> ColumnElement[bool] | None:
    if table is subscribers:
        return _is_one(subscribers.c.id, [person.id])
    if table is suppressions:
        hashing = Hashing.known(connection)
        hashed = hashing.of(person.email_key) if hashing else ""
        keys = {*keys_of(person.email_key, hashed), *addresses_of(connection, person.id)}
        return _is_one(suppressions.c.who, keys)
    if table is signups:
        return _is_one(signups.c.email_key, addresses_of(connection, person.id))
    if table is consent_sources:
        told = select(consents.c.source_id).where(consents.c.subscriber_id.in_(ids))
        return _is_one(consent_sources.c.id, connection.scalars(told).all())
    if "subscriber_id" not in table.c:
        return None
    return _is_one(table.c.subscriber_id, ids)


def _is_one(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.in_(values)
    return found


def _rows(connection: Connection, table: Table, which: ColumnElement[bool]) -> Rows:
    query = select(table).where(which).order_by(*table.primary_key)
    return [_plain(row) for row in connection.execute(query)]


def _context(
    connection: Connection, table: Table, names: tuple[str, ...], found: dict[str, Rows]
) -> Iterator[dict[str, Any]]:
    """Yield what says which the list or the send is that rows name by its id."""
    key = "list_id" if table is lists else "send_id"
    named = {row[key] for rows in found.values() for row in rows if row.get(key) is not None}
    query = select(*(table.c[name] for name in names)).where(table.c.id.in_(named)).order_by(table.c.id)
    yield from (_plain(row) for row in connection.execute(query))


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime | date) else value
        for name, value in row._mapping.items()
        if value is not None
    }
