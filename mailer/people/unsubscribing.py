"""People leave lists, come back by their own word, and are never mailed again if they say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence, Source
from mailer.domain.subscriber import Choices, Left, ListChoice, Status
from mailer.domain.suppression import Reason
from mailer.people.consents import Said, record
from mailer.people.former import known_as
from mailer.people.suppressing import suppress, suppression_of
from mailer.store.dialect import add_missing, among
from mailer.store.schema import lists, subscribers, subscriptions, suppressions

GONE = {"status": Status.UNSUBSCRIBED, "paused_until": None}


class LeftList(NamedTuple):
    """A list that a person left, and what they were on it."""

    id: int
    name: str
    was: Status


def leave(
    connection: Connection,
    subscriber_id: int,
    list_ids: Sequence[int] | None,
    source: Source,
    now: datetime,
    evidence: Evidence = NOTHING_KNOWN,
) -> list[LeftList]:
    """Take a person off these lists, or off all and for good if None; return those they were on, by id.

    Off all means suppressed too: no list made or imported later brings them back. For an id that nobody has
    nothing is done.
    """
    person = known_as(connection, subscriber_id)
    if list_ids is not None:
        return leave_together(connection, [person], list_ids, source, now, evidence).get(person, [])
    key = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == person))
    if key is None:
        return []
    said: list[Said] = []
    if suppress(connection, key, Reason.REQUESTED, str(source), now):
        said.append(Said(person, None, Change.SUPPRESSED, evidence))
    left = _take_off(connection, [subscriptions.c.subscriber_id == person], source, now).get(person, [])
    said += [Said(person, each.id, Change.LEFT, evidence) for each in left]
    record(connection, source, said, now)
    return left


def leave_together(
    connection: Connection,
    subscriber_ids: Iterable[int],
    list_ids: Sequence[int],
    source: Source,
    now: datetime,
    evidence: Evidence = NOTHING_KNOWN,
) -> dict[int, list[LeftList]]:
    """Take people off these lists; return those that each was on, by the list's id.

    However many they are, it takes the same few statements. For an id that nobody has nothing is done.
    """
    s, p = subscriptions.c, subscribers.c
    people = connection.scalars(select(p.id).where(among(p.id, subscriber_ids)).order_by(p.id)).all()
    said: list[Said] = []
    if gone := _gone(connection, list_ids):
        for each in people:
            said += _keep_off(connection, each, gone, source, now, evidence)
    left = _take_off(connection, [among(s.subscriber_id, people), s.list_id.in_(list_ids)], source, now)
    said += [Said(person, each.id, Change.LEFT, evidence) for person in left for each in left[person]]
    record(connection, source, said, now)
    return left


def _take_off(
    connection: Connection, which: Sequence[ColumnElement[bool]], source: Source, now: datetime
) -> dict[int, list[LeftList]]:
    """Let subscriptions end; return what each person was on."""
    s = subscriptions.c
    theirs = (*which, s.status != Status.UNSUBSCRIBED)
    were = select(s.subscriber_id, lists.c.id, lists.c.name, s.status).join(lists, lists.c.id == s.list_id)
    left: dict[int, list[LeftList]] = {}
    for person, number, name, status in connection.execute(were.where(*theirs).order_by(lists.c.id)):
        left.setdefault(person, []).append(LeftList(number, name, Status(status)))
    connection.execute(update(subscriptions).where(*theirs).values(**GONE, source=str(source), since=now))
    return left


def keep_off(
    connection: Connection, subscriber_id: int, list_ids: Sequence[int], source: Source, now: datetime
) -> None:
    """Let a person have left those of the lists that they never were on, too: no import puts them there."""
    said = _keep_off(connection, subscriber_id, list_ids, source, now, NOTHING_KNOWN)
    record(connection, source, said, now)


def _gone(connection: Connection, list_ids: Sequence[int]) -> Sequence[int]:
    """Return those of the lists that were deleted: links in old mails name them, and one may come again."""
    deleted = select(lists.c.id).where(lists.c.id.in_(list_ids), lists.c.deleted_at.is_not(None))
    return connection.scalars(deleted).all()


def _keep_off(
    connection: Connection,
    subscriber_id: int,
    list_ids: Sequence[int],
    source: Source,
    now: datetime,
    evidence: Evidence,
) -> list[Said]:
    row = {"subscriber_id": subscriber_id, **GONE, "source": str(source), "since": now}
    return [
        Said(subscriber_id, each, Change.LEFT, evidence)
        for each in list_ids
        if add_missing(connection, subscriptions, {**row, "list_id": each})
    ]


def come_back(
    connection: Connection,
    subscriber_id: int,
    left: Left,
    source: Source,
    now: datetime,
    evidence: Evidence = NOTHING_KNOWN,
) -> bool:
    """Take back what a person left, if nothing else was decided since; return whether they are back.

    Whoever is suppressed by more than that departure stays away.
    """
    s, b, subscriber_id = subscriptions.c, suppressions.c, known_as(connection, subscriber_id)
    theirs = (s.subscriber_id == subscriber_id, s.list_id.in_(left.lists))
    key = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == subscriber_id))
    if key is None or not _may_come_back(connection, key, left):
        return False
    back = connection.scalars(
        update(subscriptions)
        .where(*theirs, s.status == Status.UNSUBSCRIBED, s.since == left.at)
        .values(status=Status.SUBSCRIBED, source=str(source), since=now)
        .returning(s.list_id)
    ).all()
    if back:
        said = [Said(subscriber_id, each, Change.SUBSCRIBED, evidence) for each in sorted(back)]
        if connection.execute(delete(suppressions).where(b.who == key)).rowcount:
            said.append(Said(subscriber_id, None, Change.ALLOWED, evidence))
        record(connection, source, said, now)
        return True
    off = select(s.list_id).where(*theirs, s.status != Status.SUBSCRIBED).limit(1)
    return connection.scalar(off) is None  # it was taken back before: a button pressed twice


def _may_come_back(connection: Connection, email_key: str, left: Left) -> bool:
    """Return whether nothing but this departure keeps all mail from an address."""
    found = suppression_of(connection, email_key)
    if found is None:
        return True
    theirs = (found.who, found.reason, found.since) == (email_key, Reason.REQUESTED, left.at)
    return left.everywhere and theirs


def choices(connection: Connection, subscriber_id: int, list_ids: Sequence[int]) -> Choices | None:
    """Return what a person may choose about these lists, or None if the person or every list is gone."""
    subscriber_id = known_as(connection, subscriber_id)
    mine = and_(subscriptions.c.list_id == lists.c.id, subscriptions.c.subscriber_id == subscriber_id)
    person = connection.execute(
        select(subscribers.c.email, subscribers.c.language).where(subscribers.c.id == subscriber_id)
    ).one_or_none()
    rows = connection.execute(
        select(lists.c.id, lists.c.title, subscriptions.c.status)
        .outerjoin(subscriptions, mine)
        .where(lists.c.id.in_(list_ids))
        .order_by(lists.c.title)
    ).all()
    if person is None or not rows:
        return None
    there = (lists.c.id.not_in(list_ids), lists.c.deleted_at.is_(None))
    others = connection.scalar(select(func.count()).where(*there))
    chosen = tuple(ListChoice(row.id, row.title, row.status == Status.SUBSCRIBED) for row in rows)
    return Choices(person.email, chosen, person.language or "", bool(others))
