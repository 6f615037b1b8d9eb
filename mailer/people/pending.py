"""Who has not confirmed what they, or somebody, signed them up for: reminded once, and forgotten some day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select, update

from mailer.domain.consent import SourceKind
from mailer.domain.send import SendKind
from mailer.domain.subscriber import Status
from mailer.people.erasing import forget
from mailer.people.suppressing import Suppressing
from mailer.store.schema import (
    consent_sources,
    consents,
    deliveries,
    lists,
    sends,
    signups,
    subscribers,
    subscriptions,
)


class Pending(NamedTuple):
    """Somebody, and the lists (by id) that they have not confirmed."""

    subscriber_id: int
    email_key: str
    language: str
    list_ids: tuple[int, ...]


def to_remind(
    connection: Connection, before: datetime, list_ids: Collection[int] | None, *, signed_up: bool
) -> list[Pending]:
    """Return who has been pending since before a moment and was not reminded; nobody who is never mailed.

    Only on these lists (None: on any), and if `signed_up` only who came by a form of ours.
    """
    s, never = subscriptions.c, Suppressing.of(connection)
    query = _pending(list_ids, signed_up=signed_up).where(s.since < before, s.reminded_at.is_(None))
    open_ones = (lists.c.archived_at.is_(None), lists.c.deleted_at.is_(None), ~never.suppressed())
    return _grouped(connection, query.where(*open_ones))


def to_forget(
    connection: Connection,
    before: datetime,
    reminded_before: datetime,
    list_ids: Collection[int] | None,
    *,
    signed_up: bool,
) -> list[Pending]:
    """Return who has been pending since before a moment, but for those whose reminder is good still."""
    s = subscriptions.c
    asked_enough = or_(s.reminded_at.is_(None), s.reminded_at < reminded_before)
    return _grouped(connection, _pending(list_ids, signed_up=signed_up).where(s.since < before, asked_enough))


def note_reminded(connection: Connection, each: Pending, now: datetime) -> bool:
    """Note that somebody is reminded of these lists; False if they were, or are pending no more."""
    c = subscriptions.c
    theirs = (c.subscriber_id == each.subscriber_id, c.list_id.in_(each.list_ids))
    still = (c.status == Status.UNCONFIRMED, c.reminded_at.is_(None))
    done = connection.execute(update(subscriptions).where(*theirs, *still).values(reminded_at=now))
    return done.rowcount == len(each.list_ids)


def latest_signup(connection: Connection, email_key: str) -> int:
    """Return the last sign-up that an address was written to for; 0 if none is kept."""
    c = signups.c
    written = (c.mailed_at.is_not(None), c.language != "")  # a reminder has none
    found = select(func.max(c.id)).where(c.email_key == email_key, *written)
    return connection.scalar(found) or 0


def forget_pending(connection: Connection, each: Pending) -> bool:
    """Take somebody off what they have not confirmed; return whether nothing is left of them.

    Who is, or was, on another list, or ever got an issue, is somebody all the same.
    """
    c, person = subscriptions.c, each.subscriber_id
    theirs = (c.subscriber_id == person, c.list_id.in_(each.list_ids), c.status == Status.UNCONFIRMED)
    connection.execute(delete(subscriptions).where(*theirs))
    d = deliveries.c
    issue = exists().where(d.send_id == sends.c.id, d.subscriber_id == person)
    got = select(sends.c.id).where(sends.c.kind == SendKind.ISSUE, issue)
    still_on = select(c.list_id).where(c.subscriber_id == person)
    if connection.scalar(still_on.limit(1)) is not None or connection.scalar(got.limit(1)) is not None:
        return False
    forget(connection, person)
    return True


def _pending(list_ids: Collection[int] | None, *, signed_up: bool) -> Select[Any]:
    s, p = subscriptions.c, subscribers.c
    query = (
        select(s.subscriber_id, p.email_key, p.language, s.list_id)
        .join(subscribers, p.id == s.subscriber_id)
        .join(lists, lists.c.id == s.list_id)
        .where(s.status == Status.UNCONFIRMED)
        .order_by(s.subscriber_id, s.list_id)
    )
    if list_ids is not None:
        query = query.where(s.list_id.in_(list_ids))
    if signed_up:
        c, source = consents.c, consent_sources.c
        ours = and_(source.id == c.source_id, source.kind.in_((SourceKind.FORM, SourceKind.API)))
        query = query.where(exists().where(c.subscriber_id == s.subscriber_id, c.list_id == s.list_id, ours))
    return query


def _grouped(connection: Connection, query: Select[Any]) -> list[Pending]:
    rows = connection.execute(query)
    people = groupby(rows, lambda row: (row.subscriber_id, row.email_key, row.language or ""))
    return [Pending(*who, tuple(row.list_id for row in each)) for who, each in people]
