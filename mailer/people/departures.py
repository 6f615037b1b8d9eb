"""Who left after a backup was taken stays away: the database that it replaces is asked for them.

A restore is a matter of files, so that one is SQLite's; it is read below SQLAlchemy because it may be of an
older version or damaged, and is to stay as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, insert, select, text, update

from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence, Source, SourceKind
from mailer.domain.subscriber import Status
from mailer.domain.suppression import ADDRESSES, CARRIED
from mailer.people.consents import Said, record
from mailer.people.erasing import erase
from mailer.people.former import person_id
from mailer.people.joining import Consent, WantedStatuses, pause
from mailer.people.lists import GONE
from mailer.people.suppressing import Hashing, suppress
from mailer.store.dialect import add_missing, put
from mailer.store.schema import keys, lists, subscribers, subscriptions, suppressions

DEPARTURES = """
    SELECT p.id, p.email, p.email_key, l.name, s.source, s.since
    FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id JOIN lists l ON l.id = s.list_id
    WHERE s.status = 'unsubscribed'
"""
# Who left is also who had another address before: in the backup that may be somebody of their own.
BY_FORMER_ADDRESSES = """
    SELECT f.former_id, f.email, f.email_key, l.name, s.source, s.since
    FROM subscriptions s JOIN former_addresses f ON f.subscriber_id = s.subscriber_id
    JOIN lists l ON l.id = s.list_id
    WHERE s.status = 'unsubscribed'
"""
# What keeps mail from somebody by whatever address is said of those that they had before, too.
OF_FORMER_ADDRESSES = """
    SELECT f.email_key, x.reason, x.note, x.since
    FROM suppressions x JOIN subscribers p ON p.email_key = x.who
    JOIN former_addresses f ON f.subscriber_id = p.id
"""
PAUSES = """
    SELECT p.email_key, l.name, s.paused_until
    FROM subscriptions s JOIN lists l ON l.id = s.list_id
    JOIN (
        SELECT id, email_key FROM subscribers UNION SELECT subscriber_id, email_key FROM former_addresses
    ) p ON p.id = s.subscriber_id
    WHERE s.status = 'subscribed' AND s.paused_until IS NOT NULL
"""
REPLACED = Source(SourceKind.BEFORE, "the database that was replaced")
PAGE = 10_000
NUMBERED = ("subscribers", "lists", "sends")  # their ids stand in links, and are never given twice


class Departure(NamedTuple):
    """Somebody who left a list of the database of before, where they had this id."""

    id: int | None
    email: str
    email_key: str
    list_name: str
    source: str
    since: datetime


def take_over(before: sqlite3.Connection, restored: Engine, now: datetime) -> tuple[int, int]:
    """Let whoever left in the database of `before` have left in the `restored` one.

    With them come suppressions and pauses, and people and names of lists that the backup doesn't know yet: an
    import would bring them back. Whoever was erased since is erased again. What the restored one says later
    counts. Return how many left, and how many were erased.
    """
    with restored.begin() as connection:
        tables = {name for (name,) in before.execute("SELECT name FROM sqlite_master")}
        if "keys" in tables:
            _take_key(before, connection)
        at = _take_lists(before, connection, now)
        departures = [*_departures(before, DEPARTURES)]
        suppressed = before.execute("SELECT * FROM suppressions").fetchall()
        if "former_addresses" in tables:
            departures += _departures(before, BY_FORMER_ADDRESSES)
            said = before.execute(OF_FORMER_ADDRESSES).fetchall()
            suppressed += [row for row in said if row[1] in CARRIED]
            _pause_again(before, connection, at, now)
        left = {each.email_key for each in departures if _leave(connection, at, each, now)}
        for key, reason, note, since in suppressed:
            if suppress(connection, key, reason, note, datetime.fromisoformat(since)):
                left.add(key)
                _tell_suppressed(connection, key, note, datetime.fromisoformat(since), now)
        gone = _erase_again(connection, now)
        for table, number in before.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
            if table in NUMBERED:
                raised = text("UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :table")
                connection.execute(raised, {"number": number, "table": table})
        return len(left), gone


def _take_key(before: sqlite3.Connection, connection: Connection) -> None:
    """Let hashes mean the same as in the database of before: who was erased there is known by them."""
    theirs = before.execute("SELECT value FROM keys WHERE name = ?", (ADDRESSES,)).fetchone()
    mine = Hashing.known(connection)
    if theirs is None or (mine and mine.key == bytes(theirs[0])):
        return
    put(connection, keys, {"name": ADDRESSES}, {"value": bytes(theirs[0])})
    hashing, last, p = Hashing.made(connection), 0, subscribers.c
    write = update(subscribers).where(p.id == bindparam("which")).values(address_hash=bindparam("hashed"))
    wanted = select(p.id, p.email_key).order_by(p.id).limit(PAGE)
    while page := connection.execute(wanted.where(p.id > last)).all():
        last = page[-1].id
        connection.execute(write, [{"which": row.id, "hashed": hashing.of(row.email_key)} for row in page])


def _take_lists(before: sqlite3.Connection, connection: Connection, now: datetime) -> dict[str, int]:
    """Return the ids of lists by name; one that the backup doesn't know is there as one that was deleted."""
    known = {row.name: row.id for row in connection.execute(select(lists.c.name, lists.c.id))}
    for number, name in before.execute("SELECT id, name FROM lists ORDER BY id").fetchall():
        if name not in known:
            row = {
                **GONE,
                "name": name,
                "title": name,
                "created_at": now,
                "changed_at": now,
                "deleted_at": now,
            }
            if number not in known.values():
                row["id"] = number  # links in the mails that people have name it
            known[name] = int(
                connection.execute(insert(lists).values(row).returning(lists.c.id)).scalar_one()
            )
    return known


def _pause_again(
    before: sqlite3.Connection, connection: Connection, at: dict[str, int], now: datetime
) -> None:
    for email_key, list_name, until in before.execute(PAUSES).fetchall():
        if (person := person_id(connection, email_key)) is not None:
            wanted = WantedStatuses(person, (), NOTHING_KNOWN, (datetime.fromisoformat(until),))
            consent = Consent((at[list_name],), REPLACED, now)
            record(connection, REPLACED, pause(connection, [wanted], consent), now)


def _erase_again(connection: Connection, now: datetime) -> int:
    """Erase those whom the backup has still, and who were erased since it was taken; return how many."""
    s = suppressions.c
    gone = connection.scalars(
        select(subscribers.c.id).join(suppressions, s.who == subscribers.c.address_hash)
    ).all()
    for person in gone:
        erase(connection, person, now)
    return len(gone)


def _departures(before: sqlite3.Connection, query: str) -> Iterator[Departure]:
    for row in before.execute(query):
        yield Departure._make([*row[:-1], datetime.fromisoformat(row[-1])])


def _leave(connection: Connection, at: dict[str, int], each: Departure, now: datetime) -> bool:
    list_id = at[each.list_name]
    person = person_id(connection, each.email_key) or _add(connection, each)
    values = {"status": Status.UNSUBSCRIBED, "source": each.source, "since": each.since}
    news = add_missing(connection, subscriptions, {"list_id": list_id, "subscriber_id": person, **values})
    if not news:
        s = subscriptions.c
        still_on = (s.list_id == list_id, s.subscriber_id == person, s.status != Status.UNSUBSCRIBED)
        later = update(subscriptions).where(*still_on, s.since < each.since)
        news = bool(connection.execute(later.values(**values, paused_until=None)).rowcount)
    if news:
        told = Evidence(each.since, note=each.source)
        record(connection, REPLACED, [Said(person, list_id, Change.LEFT, told)], now)
    return news


def _tell_suppressed(connection: Connection, key: str, note: str, since: datetime, now: datetime) -> None:
    person = connection.scalar(select(subscribers.c.id).where(subscribers.c.email_key == key))
    if person is not None:
        said = Said(person, None, Change.SUPPRESSED, Evidence(since, note=note))
        record(connection, REPLACED, [said], now)


def _add(connection: Connection, each: Departure) -> int:
    row = {
        "email": each.email,
        "email_key": each.email_key,
        "address_hash": Hashing.made(connection).of(each.email_key),
        "created_at": each.since,
        "updated_at": each.since,
    }
    taken = connection.scalar(select(subscribers.c.id).where(subscribers.c.id == each.id))
    if each.id is not None and taken is None:
        row["id"] = each.id  # links in the mails that they have name it
    added = insert(subscribers).values(row).returning(subscribers.c.id)
    return int(connection.execute(added).scalar_one())
