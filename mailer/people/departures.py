"""Who left after a backup was taken stays away: the database that it replaces is asked for them.

A restore is a matter of files, so that one is SQLite's; it is read below SQLAlchemy because it may be of an
older version or damaged, and is to stay as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, insert, select, text, update

from mailer.domain.subscriber import Status
from mailer.people.suppressing import Hashing
from mailer.store.dialect import add_missing
from mailer.store.schema import lists, subscribers, subscriptions, suppressions

DEPARTURES = """
    SELECT p.id, p.email, p.email_key, l.name, s.source, s.since
    FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id JOIN lists l ON l.id = s.list_id
    WHERE s.status = 'unsubscribed'
"""
NUMBERED = ("subscribers", "lists", "sends")  # their ids stand in links, and are never given twice


class Departure(NamedTuple):
    """Somebody who left a list of the database of before, where they had this id."""

    id: int
    email: str
    email_key: str
    list_name: str
    source: str
    since: datetime


def take_over(before: sqlite3.Connection, restored: Engine) -> int:
    """Let whoever left in the database of `before` have left in the `restored` one; return how many.

    With them come suppressions, and people whom the backup doesn't know yet: an import would bring them back.
    What the restored one says later counts.
    """
    with restored.begin() as connection:
        at = {row.name: row.id for row in connection.execute(select(lists.c.name, lists.c.id))}
        left = {each.email_key for each in _departures(before) if _leave(connection, at, each)}
        for key, reason, note, since in before.execute("SELECT * FROM suppressions"):
            row = {"who": key, "reason": reason, "note": note, "since": datetime.fromisoformat(since)}
            left |= {key} if add_missing(connection, suppressions, row) else set()
        for table, number in before.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
            if table in NUMBERED:
                raised = text("UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :table")
                connection.execute(raised, {"number": number, "table": table})
        return len(left)


def _departures(before: sqlite3.Connection) -> Iterator[Departure]:
    for row in before.execute(DEPARTURES):
        yield Departure._make([*row[:-1], datetime.fromisoformat(row[-1])])


def _leave(connection: Connection, at: dict[str, int], each: Departure) -> bool:
    list_id = at.get(each.list_name)
    if list_id is None:
        return False
    person = connection.scalar(select(subscribers.c.id).where(subscribers.c.email_key == each.email_key))
    if person is None:
        person = _add(connection, each)
    values = {"status": Status.UNSUBSCRIBED, "source": each.source, "since": each.since}
    row = {"list_id": list_id, "subscriber_id": person, **values}
    if add_missing(connection, subscriptions, row):
        return True
    s = subscriptions.c
    still_on = (s.list_id == list_id, s.subscriber_id == person, s.status != Status.UNSUBSCRIBED)
    later = update(subscriptions).where(*still_on, s.since < each.since).values(values)
    return bool(connection.execute(later).rowcount)


def _add(connection: Connection, each: Departure) -> int:
    row = {
        "email": each.email,
        "email_key": each.email_key,
        "address_hash": Hashing.made(connection).of(each.email_key),
        "created_at": each.since,
        "updated_at": each.since,
    }
    taken = connection.scalar(select(subscribers.c.id).where(subscribers.c.id == each.id))
    if taken is None:
        row["id"] = each.id  # links in the mails that they have name it
    added = insert(subscribers).values(row).returning(subscribers.c.id)
    return int(connection.execute(added).scalar_one())
