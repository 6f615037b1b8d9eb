"""Subscriber lists: made, set, looked up by name, counted."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from mailer.domain.address import CONTROLS
from mailer.domain.subscriber import PAUSED, Status, SubscriberList
from mailer.errors import UsageError
from mailer.people.suppressing import Suppressing
from mailer.store.dialect import moment_in
from mailer.store.schema import consents, lists, subscriptions

LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


# What a list says as long as nobody said otherwise; of one that is gone pages show nothing.
BLANK: Mapping[str, Any] = {
    "description": "",
    "is_public": False,
    "double_opt_in": True,
    **dict.fromkeys(
        ("sender", "reply_to", "postal_address", "language", "params", "welcome", "confirmed_url")
    ),
    "in_archive": True,
    "archived_at": None,
}
GONE = {**BLANK, "in_archive": False}


class Lists:
    """The lists of a database. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        name: str,
        now: datetime,
        title: str = "",
        description: str = "",
        said: Mapping[str, Any] | None = None,
    ) -> SubscriberList:
        """Make a list; UsageError if there is one of that name. `title` is `name` unless given.

        `said` are further columns. One that was deleted is there again, and who had left it stays off.
        """
        with self._engine.begin() as connection:
            create_list(connection, name, now, title, description, said)
        return self.named(name)

    def change(self, name: str, values: Mapping[str, Any], now: datetime) -> SubscriberList:
        """Let a list say something else from now on, by column; UsageError if there is none."""
        with self._engine.begin() as connection:
            (list_id,) = list_ids(connection, [name])
            connection.execute(update(lists).where(lists.c.id == list_id).values(**values, changed_at=now))
        return self.named(name)

    def delete(self, name: str, now: datetime) -> None:
        """Let a list be gone, but for its name, who had left it and who had not confirmed it.

        No list of that name brings those back.
        Consents, sends and links in old mails go on meaning it. UsageError if there is none.
        """
        s = subscriptions.c
        with self._engine.begin() as connection:
            (list_id,) = list_ids(connection, [name])
            gone = {**GONE, "changed_at": now, "deleted_at": now}
            connection.execute(update(lists).where(lists.c.id == list_id).values(gone))
            on_it = (s.list_id == list_id, s.status == Status.SUBSCRIBED)
            connection.execute(delete(subscriptions).where(*on_it))

    def welcomes(self) -> set[str]:
        """Return the issue files, relative to the workspace, that lists welcome with."""
        with self._engine.connect() as connection:
            return set(connection.scalars(select(lists.c.welcome).where(lists.c.welcome.is_not(None))))

    def known_of(self, name: str) -> tuple[list[int], int]:
        """Return the ids of all who are or were on a list, and how many entries of the ledger are of it."""
        s = subscriptions.c
        with self._engine.connect() as connection:
            (list_id,) = list_ids(connection, [name])
            people = select(s.subscriber_id).where(s.list_id == list_id).order_by(s.subscriber_id)
            entries = select(func.count()).where(consents.c.list_id == list_id)
            return list(connection.scalars(people)), int(connection.scalar(entries) or 0)

    def named(self, name: str) -> SubscriberList:
        """Return the list with its counts; UsageError that names the nearest if there is none."""
        with self._engine.connect() as connection:
            (list_id,) = list_ids(connection, [name])
            return _read(connection, list_id)[0]

    def uncounted(self, name: str) -> SubscriberList:
        """Return the list without its counts, for which everybody on it is looked at; UsageError likewise."""
        with self._engine.connect() as connection:
            (list_id,) = list_ids(connection, [name])
            row = connection.execute(select(lists).where(lists.c.id == list_id)).one()
        return _list(row, Counter(), Counter())

    def all(self) -> list[SubscriberList]:
        """Return every list by name, each with how many people have which status, pause or are suppressed."""
        with self._engine.connect() as connection:
            return _read(connection)

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
    connection: Connection,
    name: str,
    now: datetime,
    title: str = "",
    description: str = "",
    said: Mapping[str, Any] | None = None,
) -> None:
    """Make a list; UsageError for a name that is taken or can't be part of a List-Id (RFC 2919 3)."""
    if not LIST_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't name a list: it may have 63 letters a to z, digits, - and _",
            next_step="What subscribers read is its title: mailer lists create NAME --title TEXT",
        )
    if CONTROLS.search(title + description):
        raise UsageError("a list's title or description has a control character in it")
    row = {**BLANK, "title": title or name, "description": description, **(said or {}), "created_at": now}
    again = update(lists).where(lists.c.name == name, lists.c.deleted_at.is_not(None))
    if connection.execute(again.values(**row, deleted_at=None, changed_at=now)).rowcount:
        return
    if connection.scalar(select(lists.c.id).where(lists.c.name == name)) is not None:
        step = f"See it with: mailer lists show {name}"
        raise UsageError(f"there is a list {name} already", next_step=step)
    connection.execute(insert(lists), {**row, "name": name})


def all_ids(connection: Connection) -> dict[str, int]:
    """Return the ids of all lists by name."""
    there = select(lists.c.name, lists.c.id).where(lists.c.deleted_at.is_(None))
    return {row.name: row.id for row in connection.execute(there)}


def list_ids(connection: Connection, names: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of lists by name, in that order; UsageError for the first unknown one."""
    found = all_ids(connection)
    for name in names:
        if name not in found:
            raise no_such_list(name, list(found))
    return tuple(found[name] for name in names)


def _read(connection: Connection, list_id: int | None = None) -> list[SubscriberList]:
    """Return the lists that are there, or this one, by name."""
    which = [] if list_id is None else [subscriptions.c.list_id == list_id]
    people = _count(connection, *which)
    # The suppressed are few: counted from their side, so that counting everybody stays one look.
    never = subscriptions.c.subscriber_id.in_(Suppressing.of(connection).everybody())
    suppressed = _count(connection, never, *which)
    there = select(lists).where(lists.c.deleted_at.is_(None)).order_by(lists.c.name)
    rows = connection.execute(there if list_id is None else there.where(lists.c.id == list_id))
    return [_list(row, people.get(row.id, Counter()), suppressed.get(row.id, Counter())) for row in rows]


def _count(connection: Connection, *which: ColumnElement[bool]) -> dict[int, Counter[str]]:
    """Return how many people of each list, by id, have which status, or pause."""
    s = subscriptions.c
    pausing = and_(s.status == Status.SUBSCRIBED, s.paused_until > moment_in(connection))
    stands = case((pausing, PAUSED), else_=s.status).label("stands")
    # By its name: as an expression it would have parameters of its own, and be another one to PostgreSQL.
    counted = select(s.list_id, stands, func.count()).where(*which).group_by(s.list_id, "stands")
    found: dict[int, Counter[str]] = {}
    for list_id, stand, people in connection.execute(counted):
        found.setdefault(list_id, Counter())[stand] = people
    return found


def _list(row: Row[Any], people: Counter[str], suppressed: Counter[str]) -> SubscriberList:
    mailable = people - suppressed
    return SubscriberList(
        row.id,
        row.name,
        row.title,
        row.description,
        {status: mailable[status] for status in Status},
        suppressed.total(),
        mailable[PAUSED],
        row.is_public,
        row.double_opt_in,
        row.sender or "",
        row.reply_to or "",
        row.postal_address or "",
        row.language or "",
        row.params or {},
        row.in_archive,
        row.archived_at,
        row.changed_at,
        row.welcome or "",
        row.confirmed_url or "",
    )
