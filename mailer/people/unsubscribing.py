"""People leave lists, come back by their own word, and are never mailed again if they say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, false, func, not_, select, update

from mailer.domain.subscriber import Choices, Left, ListChoice, Status
from mailer.store.dialect import add_missing
from mailer.store.schema import lists, subscribers, subscriptions, suppressions

REQUESTED = "requested"  # by the person: the reason of a suppression


class LeftList(NamedTuple):
    """A list that a person left, and what they were on it."""

    id: int
    name: str
    was: Status


def leave(
    connection: Connection, subscriber_id: int, list_ids: Sequence[int] | None, source: str, now: datetime
) -> list[LeftList]:
    """Take a person off these lists, or off all and for good if None; return those they were on, by id.

    Off all means suppressed too: no list made or imported later brings them back. For an id that nobody has
    nothing is done.
    """
    s = subscriptions.c
    theirs = [s.subscriber_id == subscriber_id, s.status != Status.UNSUBSCRIBED]
    key = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == subscriber_id))
    if key is None:
        return []
    if list_ids is None:
        suppress(connection, key, REQUESTED, source, now)
    else:
        theirs.append(s.list_id.in_(list_ids))
    were = select(lists.c.id, lists.c.name, s.status).join(subscriptions).where(*theirs).order_by(lists.c.id)
    left = [LeftList(number, name, Status(status)) for number, name, status in connection.execute(were)]
    connection.execute(
        update(subscriptions).where(*theirs).values(status=Status.UNSUBSCRIBED, source=source, since=now)
    )
    return left


def suppress(connection: Connection, email_key: str, reason: str, note: str, now: datetime) -> None:
    """Never mail this address (`Address.key`) again on any list; the first reason stands."""
    row = {"email_key": email_key, "reason": reason, "note": note, "since": now}
    add_missing(connection, suppressions, row)


def come_back(connection: Connection, subscriber_id: int, left: Left, source: str, now: datetime) -> bool:
    """Take back what a person left, if nothing else was decided since; return whether they are back.

    Whoever is suppressed by more than that departure stays away.
    """
    s, b = subscriptions.c, suppressions.c
    theirs = (s.subscriber_id == subscriber_id, s.list_id.in_(left.lists))
    key = select(subscribers.c.email_key).where(subscribers.c.id == subscriber_id).scalar_subquery()
    by_them = and_(b.reason == REQUESTED, b.since == left.at) if left.everywhere else false()
    if connection.scalar(select(b.email_key).where(b.email_key == key, not_(by_them))):
        return False
    back = connection.execute(
        update(subscriptions)
        .where(*theirs, s.status == Status.UNSUBSCRIBED, s.since == left.at)
        .values(status=Status.SUBSCRIBED, source=source, since=now)
    ).rowcount
    if back:
        connection.execute(delete(suppressions).where(b.email_key == key))
        return True
    off = select(s.list_id).where(*theirs, s.status != Status.SUBSCRIBED).limit(1)
    return connection.scalar(off) is None  # it was taken back before: a button pressed twice


def choices(connection: Connection, subscriber_id: int, list_ids: Sequence[int]) -> Choices | None:
    """Return what a person may choose about these lists, or None if the person or every list is gone."""
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
    others = connection.scalar(select(func.count()).where(lists.c.id.not_in(list_ids)))
    chosen = tuple(ListChoice(row.id, row.title, row.status == Status.SUBSCRIBED) for row in rows)
    return Choices(person.email, chosen, person.language or "", bool(others))


def subscriber_id(connection: Connection, email_key: str) -> int | None:
    """Return the id of the person with this address (`Address.key`), None if there is none."""
    return connection.scalar(select(subscribers.c.id).where(subscribers.c.email_key == email_key))
