"""What came back in numbers: by send, mailbox provider and day; and the words of the servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, cast, distinct, func, or_, select

from mailer.domain.failures.reason import FailureReason
from mailer.domain.returned import FAILURES, MOVED, Kind
from mailer.store.dialect import among
from mailer.store.schema import returns

MOST_MOVED = 100  # people
MOST_WORDS = 12  # of servers, of which as many people were refused as of no others
TOLD = FAILURES | {Kind.COMPLAINT, Kind.UNSUBSCRIBE}


class By(StrEnum):
    """What returns are counted by."""

    SEND = "send"
    LIST = "list"
    PROVIDER = "provider"
    DAY = "day"


class ServerWords(NamedTuple):
    """What servers of a mailbox provider said, in the words of one of them, and to how many people."""

    provider: str
    kind: Kind
    reason: str
    status: str
    people: int
    said: str


class MovedAddress(NamedTuple):
    """Who is reached elsewhere by now: since when that is known, where (`to …`, or empty), by which words."""

    email: str
    at: datetime
    new: str
    said: str


def counted(
    connection: Connection, by: By, since: datetime, send_ids: Iterable[int] | None = None
) -> dict[tuple[str | int, int], Counter[Kind]]:
    """Return how many copies came back as what, by what they are counted by and by their send.

    Each copy counts once a kind. By list they are counted as by send. Only what a token proved is counted.
    """
    r = returns.c
    column: ColumnElement[str | int] = {
        By.PROVIDER: r.provider,
        By.DAY: func.substr(cast(r.at, Text), 1, 10),
    }.get(by, r.send_id)
    query = (
        select(column, r.send_id, r.kind, func.count(distinct(r.subscriber_id)))
        .where(r.at >= since, r.kind.in_(TOLD), *_of(send_ids))
        .group_by(column, r.send_id, r.kind)
    )
    found: dict[tuple[str | int, int], Counter[Kind]] = {}
    for name, send_id, kind, number in connection.execute(query):
        found.setdefault((name, send_id), Counter())[Kind(kind)] += number
    return found


def server_words(
    connection: Connection, since: datetime, send_ids: Iterable[int] | None = None
) -> list[ServerWords]:
    """Return what servers said to the most people."""
    r = returns.c
    people = func.count(distinct(r.subscriber_id))
    query = (
        select(r.provider, r.kind, r.reason, r.status, people, func.min(r.said))
        .where(r.at >= since, r.kind.in_(FAILURES), *_of(send_ids))
        .group_by(r.provider, r.kind, r.reason, r.status)
        .order_by(people.desc(), r.provider)
        .limit(MOST_WORDS)
    )
    return [ServerWords(row[0], Kind(row[1]), *row[2:]) for row in connection.execute(query)]


def moved(
    connection: Connection, since: datetime, send_ids: Iterable[int] | None = None
) -> list[MovedAddress]:
    """Return whose address changed by what came back for them, the latest first."""
    r = returns.c
    told = or_(r.reason == FailureReason.MOVED, cast(r.evidence, Text).contains(MOVED))
    query = (
        select(r.email, r.at, r.said, r.evidence)
        .where(r.at >= since, told, *_of(send_ids))
        .order_by(r.at.desc(), r.id.desc())
        .limit(MOST_MOVED)
    )
    return [
        MovedAddress(
            row.email,
            row.at,
            next((each.removeprefix(MOVED).strip() for each in row.evidence if each.startswith(MOVED)), ""),
            row.said,
        )
        for row in connection.execute(query)
    ]


def unproved(connection: Connection, since: datetime) -> int:
    """Return how many messages said something of somebody without a token of ours."""
    r = returns.c
    query = select(func.count()).where(r.at >= since, r.kind.in_(TOLD), r.subscriber_id.is_(None))
    return connection.scalar(query) or 0


def _of(send_ids: Iterable[int] | None) -> tuple[ColumnElement[bool], ...]:
    r = returns.c
    proved: ColumnElement[bool] = r.send_id.is_not(None)
    return (proved,) if send_ids is None else (proved, among(r.send_id, send_ids))
