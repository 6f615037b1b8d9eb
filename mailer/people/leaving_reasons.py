"""Why people left, in the ledger of consent: once for each list that they left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from mailer.domain.consent import Change, Evidence, Source
from mailer.domain.leaving import Explanation
from mailer.domain.subscriber import Left, Status
from mailer.people.consents import Said, record
from mailer.people.former import ids_of, known_as
from mailer.store.schema import consents, lists, subscriptions


class LeavingNote(NamedTuple):
    """What somebody said when they left a list (by name), and when."""

    list_name: str
    at: datetime
    said: Explanation


def explain(
    connection: Connection,
    subscriber_id: int,
    left: Left,
    said: Explanation | None,
    source: Source,
    now: datetime,
) -> bool:
    """Keep why a person left, unless they said so of it before; return whether they are off still.

    Of whoever came back since, or is gone, nothing is kept.
    """
    subscriber_id, c, s = known_as(connection, subscriber_id), consents.c, subscriptions.c
    off = (s.subscriber_id == subscriber_id, s.list_id.in_(left.lists), s.status == Status.UNSUBSCRIBED)
    still = connection.scalars(select(s.list_id).where(*off).order_by(s.list_id)).all()
    theirs = (c.subscriber_id.in_(ids_of(connection, subscriber_id)), c.change == Change.EXPLAINED)
    before = connection.scalar(select(c.id).where(*theirs, c.at >= left.at).limit(1))
    if said and before is None:
        note = Evidence(note=said.note())
        explained = [Said(subscriber_id, each, Change.EXPLAINED, note) for each in still]
        record(connection, source, explained, now)
    return bool(still)


def told(connection: Connection, list_ids: tuple[int, ...] | None = None) -> Iterator[LeavingNote]:
    """Yield why people left these lists (None: any), the latest first."""
    c = consents.c
    query = (
        select(lists.c.name, c.at, c.note)
        .join(lists, lists.c.id == c.list_id)
        .where(c.change == Change.EXPLAINED)
        .order_by(c.at.desc(), c.id.desc())
    )
    if list_ids is not None:
        query = query.where(c.list_id.in_(list_ids))
    for row in connection.execute(query):
        yield LeavingNote(row.name, row.at, Explanation.read(row.note))
