"""Whom a command is about that changes many: those named, those on a list, those of whom something holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from mailer.domain.address import Address
from mailer.people.lists import list_ids
from mailer.people.person import required
from mailer.store.schema import subscribers, subscriptions


def named(connection: Connection, addresses: Sequence[Address]) -> list[int]:
    """Return the ids of the people with these addresses; UsageError for one that is nobody's."""
    return sorted({required(connection, address.key).id for address in addresses})


def picked(
    connection: Connection, list_name: str | None, *which: ColumnElement[bool], status: str | None = None
) -> list[int]:
    """Return the ids of those on a list (by name, with this status there) of whom `which` holds, in order."""
    query = select(subscribers.c.id).where(*which).order_by(subscribers.c.id)
    if list_name is not None:
        s = subscriptions.c
        on = (s.subscriber_id == subscribers.c.id, s.list_id == list_ids(connection, [list_name])[0])
        member = select(s.list_id).where(*on)
        query = query.where((member.where(s.status == status) if status else member).exists())
    return list(connection.scalars(query))
