"""People leave lists, come back by their own word, and are never mailed again if they say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, func, select, update

from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence, Source
from mailer.domain.subscriber import Choices, Left, ListChoice, Status
from mailer.domain.suppression import Reason
from mailer.people.consents import Said, record
from mailer.people.former import known_as
from mailer.people.suppressing import suppress, suppression_of
from mailer.store.dialect import add_missing
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
    s, subscriber_id = subscriptions.c, known_as(connection, subscriber_id)
    theirs = [s.subscriber_id == subscriber_id, s.status != Status.UNSUBSCRIBED]
    key = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == subscriber_id))
    if key is None:
        return []
    said: list[Said] = []
    if list_ids is not None:
        theirs.append(s.list_id.in_(list_ids))
        said += _keep_off(connection, subscriber_id, _gone(connection, list_ids), source, now, evidence)
    elif suppress(connection, key, Reason.REQUESTED, str(source), now):
        said.append(Said(subscriber_id, None, Change.SUPPRESSED, evidence))
    were = select(lists.c.id, lists.c.name, s.status).join(subscriptions).where(*theirs).order_by(lists.c.id)
    left = [LeftList(number, name, Status(status)) for number, name, status in connection.execute(were)]
    connection.execute(update(subscriptions).where(*theirs).values(**GONE, source=str(source), since=now))
    said += [Said(subscriber_id, each.id, Change.LEFT, evidence) for each in left]
    record(connection, source, said, now)
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
