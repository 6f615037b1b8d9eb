"""Subscriber lists: made, looked up by name, counted."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from mailer.domain.address import CONTROLS
from mailer.domain.subscriber import Status, SubscriberList
from mailer.errors import UsageError
from mailer.people.suppressing import Suppressing
from mailer.store.schema import lists, subscriptions

LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


class Lists:
    """The lists of a database. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, now: datetime, title: str = "", description: str = "") -> SubscriberList:
        """Make a list; UsageError if there is one of that name. `title` is `name` unless given."""
        with self._engine.begin() as connection:
            create_list(connection, name, now, title, description)
        return self.named(name)

    def named(self, name: str) -> SubscriberList:
        """Return the list with its counts; UsageError that names the nearest if there is none."""
        found = {each.name: each for each in self.all()}
        if name not in found:
            raise no_such_list(name, list(found))
        return found[name]

    def all(self) -> list[SubscriberList]:
        """Return every list by name, each with how many people have which status or are suppressed."""
        counted = (
            select(lists, subscriptions.c.status, func.count(subscriptions.c.subscriber_id).label("people"))
            .outerjoin(subscriptions)
            .group_by(lists.c.id, subscriptions.c.status)
            .order_by(lists.c.name)
        )
        rows: dict[str, list[Row[Any]]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(counted):
                rows.setdefault(row.name, []).append(row)
            suppressed = _count_suppressed(connection)
        return [_list(found, suppressed) for found in rows.values()]

    def ids(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the ids of lists by name, in that order; UsageError for the first unknown one."""
        with self._engine.connect() as connection:
            return list_ids(connection, names)


def no_such_list(name: str, known: Sequence[str]) -> UsageError:
    """Return the error for an unknown list: it names the nearest one, or how to make one."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return UsageError(
            f"there is no list {name}; did you mean {near[0]}?", next_step="See: mailer lists list"
        )
    there_is = f" (there is {', '.join(sorted(known)[:10])})" if known else ""
    may_be = LIST_NAME.fullmatch(name)
    step = f"Make it with: mailer lists create {name}" if may_be else "See: mailer lists list"
    return UsageError(f"there is no list {name}{there_is}", next_step=step)


def create_list(
    connection: Connection, name: str, now: datetime, title: str = "", description: str = ""
) -> None:
    """Make a list; UsageError for a name that is taken or can't be part of a List-Id (RFC 2919 3)."""
    if not LIST_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't name a list: it may have 63 letters a to z, digits, - and _",
            next_step="What subscribers read is its title: mailer lists create NAME --title TEXT",
        )
    if CONTROLS.search(title + description):
        raise UsageError("a list's title or description has a control character in it")
    if connection.scalar(select(lists.c.id).where(lists.c.name == name)) is not None:
        step = f"See it with: mailer lists show {name}"
        raise UsageError(f"there is a list {name} already", next_step=step)
    row = {"name": name, "title": title or name, "description": description, "created_at": now}
    connection.execute(insert(lists), row)


def list_ids(connection: Connection, names: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of lists by name, in that order; UsageError for the first unknown one."""
    found = {row.name: row.id for row in connection.execute(select(lists.c.name, lists.c.id))}
    for name in names:
        if name not in found:
            raise no_such_list(name, list(found))
    return tuple(found[name] for name in names)


def _count_suppressed(connection: Connection) -> dict[tuple[int, Status], int]:
    """Return how many of each list's people of each status are suppressed."""
    # The suppressed are few: counted from their side, so that counting everybody stays one look at an index.
    s = subscriptions.c
    counted = (
        select(s.list_id, s.status, func.count())
        .where(s.subscriber_id.in_(Suppressing.of(connection).everybody()))
        .group_by(s.list_id, s.status)
    )
    return {(list_id, Status(status)): people for list_id, status, people in connection.execute(counted)}


def _list(rows: Sequence[Row[Any]], suppressed: Mapping[tuple[int, Status], int]) -> SubscriberList:
    first = rows[0]
    counts = dict.fromkeys(Status, 0) | {Status(row.status): row.people for row in rows if row.status}
    never = {status: suppressed.get((first.id, status), 0) for status in Status}
    counts = {status: people - never[status] for status, people in counts.items()}
    return SubscriberList(first.id, first.name, first.title, first.description, counts, sum(never.values()))
