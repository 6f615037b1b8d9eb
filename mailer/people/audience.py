"""The candidates of a send and why some are left out: one statement, for plan, dry run and freezing alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)

from mailer.domain.audience import Audience
from mailer.domain.delivery import State
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.people.lists import list_ids
from mailer.people.suppressing import Suppressing
from mailer.store.dialect import is_json_text, json_value, moment_in
from mailer.store.schema import (
    deliveries,
    former_addresses,
    outcomes,
    sends,
    subscribers,
    subscriptions,
)
from mailer.store.snapshot import snapshot_of

TEXTS = 100  # different texts of one field


def candidates_for(
    connection: Connection, slug: str, audience: Audience, now: datetime | None = None, *, again: bool
) -> Select[Any]:
    """Return the SELECT of everyone ever on the audience's lists; UsageError for a list that is not there.

    Pauses are looked at as of `now`, by the database's clock if it isn't given.
    """
    # A list that isn't there is an error: left out in silence, an exclusion would mail those it protects.
    # Most issues are sent once: then nobody needs to be looked for in earlier sends of it.
    first = (
        connection.scalar(select(func.count()).where(sends.c.slug == slug, sends.c.proved_at.is_not(None)))
        == 0
    )
    included, excluded = list_ids(connection, audience.lists), list_ids(connection, audience.exclude)
    moment = now or moment_in(connection)
    never = Suppressing.of(connection)
    segments = _taken_out(connection, audience)
    return candidates(included, excluded, slug, never, moment, segments, again=again or first)


def _taken_out(connection: Connection, audience: Audience) -> list[tuple[ColumnElement[bool], Any]]:
    """Return the SQL of whom segments take out, each with the reason."""
    # To go on without a segment that was asked for would mail those whom it keeps out.
    assert len(audience.kept) == len(audience.segments), audience
    if not audience.kept:
        return []
    from mailer.people.segments.selecting import taken_out  # lark

    return [(where, literal(reason)) for where, reason in taken_out(connection, audience.kept)]


def count_values(
    connection: Connection, slug: str, audience: Audience, names: Collection[str]
) -> tuple[int, dict[str, int]]:
    """Return how many would get the issue if nobody had it yet, and how many have a value for each name."""
    everyone = candidates_for(connection, slug, audience, again=True).subquery()
    having = [func.count(_value(everyone, name)) for name in names]
    row = connection.execute(select(func.count(), *having).where(everyone.c.reason.is_(None))).one()
    return row[0], dict(zip(names, row[1:], strict=True))


def count_texts(connection: Connection, slug: str, audience: Audience, name: str) -> dict[str, int]:
    """Return the commonest texts that a field of those who would get the issue holds, each with how many do.

    Numbers, lists, true and false are no texts.
    """
    everyone = candidates_for(connection, slug, audience, again=True).subquery()
    value = json_value(everyone.c.fields, name)
    counted = (
        select(value, func.count())
        .where(everyone.c.reason.is_(None), is_json_text(everyone.c.fields, name))
        .group_by(value)
        .order_by(func.count().desc(), value)
        .limit(TEXTS)
    )
    return dict(connection.execute(counted).all())


def _value(people: Subquery, name: str) -> ColumnElement[Any]:
    """Return the SQL of `Recipient.values()[name]`, NULL for an absent one."""
    field = json_value(people.c.fields, name)
    return func.coalesce(people.c[name], field) if name in OWN_FIELDS else field


def count_candidates(connection: Connection, audience: Audience) -> int:
    """Return how many people were ever on the audience's lists."""
    # Counted by a query of its own, so that `verify` compares two things with separate origins.
    people = select(func.count(subscriptions.c.subscriber_id.distinct())).where(
        subscriptions.c.list_id.in_(list_ids(connection, audience.lists))
    )
    return connection.scalar(people) or 0


def candidates(
    list_ids: Sequence[int],
    excluded_ids: Sequence[int],
    slug: str,
    never: Suppressing,
    now: datetime | ColumnElement[datetime],
    segments: Sequence[tuple[ColumnElement[bool], Any]] = (),
    *,
    again: bool,
) -> Select[Any]:
    """Return a SELECT of all candidates: subscriber_id, the snapshot, and `reason` (NULL: gets it).

    `segments` are whom they take out, and why.
    """
    member = _members(list_ids, now)
    reasons: list[tuple[ColumnElement[bool], Any]] = [
        (never.reason().is_not(None), never.reason()),
        (and_(member.c.subscribed == 0, member.c.unconfirmed == 1), "unconfirmed"),
        (member.c.subscribed == 0, "unsubscribed"),
        (member.c.active == 0, "paused"),
    ]
    if excluded_ids:
        reasons.append((_subscribed_to(excluded_ids), "on an excluded list"))
    reasons += segments
    if not again:
        reasons.append((_in_another_send(slug), "in an earlier send"))
    return never.joined(
        select(
            member.c.subscriber_id,
            *snapshot_of(subscribers),
            case(*reasons, else_=null()).label("reason"),
        ).join_from(member, subscribers, subscribers.c.id == member.c.subscriber_id)
    )


def _members(list_ids: Sequence[int], now: datetime | ColumnElement[datetime]) -> Subquery:
    """Return everyone ever on the lists, once, and what they are on whichever of them says most."""
    s, subscribed = subscriptions.c, _is(Status.SUBSCRIBED)
    states = {
        "subscribed": subscribed,
        "active": subscribed * case((s.paused_until > now, 0), else_=1),
        "unconfirmed": _is(Status.UNCONFIRMED),
    }
    on_them = select(s.subscriber_id).where(s.list_id.in_(list_ids))
    if len(list_ids) == 1:
        # Nobody is on one list twice. Where nothing is grouped SQLite puts all of them nowhere first.
        return on_them.add_columns(*(each.label(name) for name, each in states.items())).subquery("member")
    most = (func.max(each).label(name) for name, each in states.items())
    return on_them.add_columns(*most).group_by(s.subscriber_id).subquery("member")


def _is(status: Status) -> ColumnElement[int]:
    return cast(subscriptions.c.status == status, Integer)


def _subscribed_to(list_ids: Sequence[int]) -> ColumnElement[bool]:
    other = subscriptions.alias("other")
    return exists().where(
        other.c.subscriber_id == subscribers.c.id,
        other.c.list_id.in_(list_ids),
        other.c.status == Status.SUBSCRIBED,
    )


def _in_another_send(slug: str) -> ColumnElement[bool]:
    # Failed ones count too: `--retry-failed` of that send could still reach them. A send that was never
    # proved doesn't: whoever froze it died, and nobody can go on with it.
    cancelled = exists().where(
        outcomes.c.send_id == deliveries.c.send_id,
        outcomes.c.subscriber_id == deliveries.c.subscriber_id,
        outcomes.c.state == State.CANCELLED,
    )
    earlier = (
        deliveries.c.send_id == sends.c.id,
        sends.c.slug == slug,
        sends.c.proved_at.is_not(None),
        ~cancelled,
    )
    f = former_addresses.c  # what a record got that was joined to theirs, they have
    joined = (f.subscriber_id == subscribers.c.id, deliveries.c.subscriber_id == f.former_id)
    return or_(
        exists().where(deliveries.c.subscriber_id == subscribers.c.id, *earlier),
        exists().where(*joined, *earlier),
    )
