"""How many people are in a segment: on which lists, mailed by them or not, and by which condition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Connection, Text, and_, exists, func, literal, not_, or_, select, union_all

from mailer.domain.segment.conditions import Condition
from mailer.domain.segment.counted import Count, OnList
from mailer.domain.subscriber import Status
from mailer.people.segments.checking import Known
from mailer.people.segments.stored import statement
from mailer.people.suppressing import Suppressing
from mailer.store.schema import lists, subscribers, subscriptions


def count_people(connection: Connection, condition: Condition, known: Known) -> int:
    """Return how many people a condition holds for."""
    where = statement(connection, known).where(condition)
    return connection.scalar(select(func.count()).select_from(subscribers).where(where)) or 0


def count(connection: Connection, condition: Condition, known: Known, now: datetime) -> Count:
    """Return how many people a condition holds for, by list; people on several lists count for each."""
    where = statement(connection, known).where(condition)
    never, s = Suppressing.of(connection).suppressed(), subscriptions.c
    # The condition is what takes the time, and is asked once of everybody.
    found = (
        select(subscribers.c.id, never.label("never")).where(where).cte("found").prefix_with("MATERIALIZED")
    )
    active = and_(s.status == Status.SUBSCRIBED, or_(s.paused_until.is_(None), s.paused_until <= now))
    anywhere = exists().where(s.subscriber_id == found.c.id, active)
    whole = select(
        literal(None, Text).label("name"),
        func.count(),
        func.count().filter(and_(anywhere, not_(found.c.never))),
    ).select_from(found)
    by_list = (
        select(lists.c.name, func.count(), func.count().filter(and_(active, not_(found.c.never))))
        .select_from(found)
        .join(subscriptions, s.subscriber_id == found.c.id)
        .join(lists, lists.c.id == s.list_id)
        .group_by(lists.c.name)
    )
    rows = connection.execute(union_all(whole, by_list)).all()
    people, mailed = next((people, mailed) for name, people, mailed in rows if name is None)
    named = sorted((OnList(*row) for row in rows if row[0] is not None), key=attrgetter("name"))
    return Count(people, mailed, tuple(named))


def count_each(connection: Connection, conditions: Sequence[Condition], known: Known) -> list[int]:
    """Return how many people each of these conditions holds for, by one look at everybody."""
    made = statement(connection, known)
    counts = [func.count().filter(made.where(each)) for each in conditions]
    return list(connection.execute(select(*counts).select_from(subscribers)).one())
