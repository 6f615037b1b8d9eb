"""What whoever runs the program is told: kept once, told by each way, every attempt written down."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    Text,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from mailer.domain.admin_notice import AdminNotice, NoticeEvent
from mailer.domain.delivery import Halt
from mailer.domain.send import SendKind
from mailer.domain.signup_bounds import LATELY
from mailer.ledger.schedules import ScheduleState
from mailer.store.dialect import add_missing
from mailer.store.schema import (
    UtcTime,
    admin_notices,
    chunks,
    feeds,
    notice_attempts,
    notice_ways,
    schedules,
    sends,
    signups,
)

MAIL = "mail"
LEASE = timedelta(minutes=2)  # whoever makes an attempt is given so long; then another may
AT_ONCE = 20  # attempts
DAY = timedelta(days=1)  # what goes on is told once in it


class Telling(StrEnum):
    """How far one notice has come by one way."""

    WAITING = "waiting"
    TOLD = "told"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """A notice as it is kept."""

    id: int
    event: NoticeEvent
    at: datetime
    title: str
    lines: tuple[str, ...]
    data: dict[str, Any]

    @classmethod
    def of(cls, row: Row[Any]) -> KeptNotice:
        """Return the notice in a row."""
        return cls(row.id, NoticeEvent(row.event), row.at, row.title, tuple(row.lines), dict(row.data))


@dataclass(frozen=True, slots=True)
class Way:
    """By which way a notice is told, and how far that has come.

    It is `mail`, or what a webhook is called (`services.notices.hook_name`); at `next_at` it is tried again.
    """

    notice_id: int
    name: str
    state: Telling
    attempts: int
    next_at: datetime


@dataclass(frozen=True, slots=True)
class NoticeAttempt:
    """An attempt, and what came of it; no words where whoever made it died."""

    way: str
    number: int
    at: datetime
    words: str | None


def keep(connection: Connection, notice: AdminNotice, ways: Iterable[str], now: datetime) -> int | None:
    """Keep a notice, to be told by these ways; return its id, None if it is known already."""
    row = {
        "key": notice.key,
        "event": notice.event,
        "at": now,
        "title": notice.title,
        "lines": list(notice.lines),
        "data": dict(notice.data),
    }
    if not add_missing(connection, admin_notices, row):
        return None
    c = admin_notices.c
    number: int = connection.scalars(select(c.id).where(c.key == notice.key)).one()
    for way in ways:
        told = {"notice_id": number, "way": way, "state": Telling.WAITING, "next_at": now}
        connection.execute(insert(notice_ways).values(told))
    return number


def is_known(connection: Connection, key: str) -> bool:
    """Return whether it is kept already."""
    return connection.scalar(select(admin_notices.c.id).where(admin_notices.c.key == key)) is not None


def take_due(connection: Connection, now: datetime, only: int | None = None) -> list[tuple[KeptNotice, Way]]:
    """Take what is to be told now, or of one notice alone, and write down that it is tried."""
    w, n = notice_ways.c, admin_notices.c
    which = _due(now) if only is None else _due(now) & (w.notice_id == only)
    query = select(notice_ways).where(which).order_by(w.next_at).limit(AT_ONCE)
    taken = []
    for row in connection.execute(query.with_for_update(skip_locked=True)).all():
        way = Way(row.notice_id, row.way, Telling(row.state), row.attempts + 1, now + LEASE)
        connection.execute(
            update(notice_ways).where(_this(way)).values(attempts=way.attempts, next_at=way.next_at)
        )
        attempt = {"notice_id": way.notice_id, "way": way.name, "number": way.attempts, "at": now}
        connection.execute(insert(notice_attempts).values(attempt))
        notice = connection.execute(select(admin_notices).where(n.id == way.notice_id)).one()
        taken.append((KeptNotice.of(notice), way))
    return taken


def settle(connection: Connection, way: Way, state: Telling, words: str, next_at: datetime) -> bool:
    """Write down what came of an attempt; False where another one was made meanwhile."""
    a = notice_attempts.c
    mine = (a.notice_id == way.notice_id) & (a.way == way.name) & (a.number == way.attempts)
    connection.execute(update(notice_attempts).where(mine).values(words=words))
    still = _this(way) & (notice_ways.c.attempts == way.attempts)
    done = connection.execute(update(notice_ways).where(still).values(state=state, next_at=next_at))
    return done.rowcount == 1


def try_again(connection: Connection, now: datetime, only: int | None = None) -> int:
    """Let what waits or was given up be tried now, all of it or one notice; return by how many ways."""
    w = notice_ways.c
    which = w.state != Telling.TOLD
    if only is not None:
        which &= w.notice_id == only
    return connection.execute(
        update(notice_ways).where(which).values(state=Telling.WAITING, next_at=now)
    ).rowcount


def latest(connection: Connection, most: int) -> list[KeptNotice]:
    """Return the newest notices, the newest first; not what was over before there were any."""
    n = admin_notices.c
    query = select(admin_notices).where(n.title != "").order_by(n.id.desc()).limit(most)
    return [KeptNotice.of(row) for row in connection.execute(query)]


def notice(connection: Connection, number: int) -> KeptNotice | None:
    """Return the one with this number, None if there is none."""
    n = admin_notices.c
    row = connection.execute(select(admin_notices).where(n.id == number, n.title != "")).one_or_none()
    return KeptNotice.of(row) if row else None


def ways_of(connection: Connection, numbers: Collection[int]) -> dict[int, list[Way]]:
    """Return by which ways each of these notices is told."""
    w, found = notice_ways.c, dict[int, list[Way]]()
    for row in connection.execute(select(notice_ways).where(w.notice_id.in_(numbers)).order_by(w.way)):
        way = Way(row.notice_id, row.way, Telling(row.state), row.attempts, row.next_at)
        found.setdefault(row.notice_id, []).append(way)
    return found


def attempts_of(connection: Connection, number: int) -> list[NoticeAttempt]:
    """Return every attempt to tell one notice, as they were made."""
    a = notice_attempts.c
    query = (
        select(a.way, a.number, a.at, a.words).where(a.notice_id == number).order_by(a.at, a.way, a.number)
    )
    return [NoticeAttempt(*row) for row in connection.execute(query)]


def given_up(connection: Connection, since: datetime) -> int:
    """Return how many notices that are not older could not be told by some way."""
    w, n = notice_ways.c, admin_notices.c
    query = select(func.count(w.notice_id.distinct())).join(admin_notices, n.id == w.notice_id)
    return connection.scalar(query.where(w.state == Telling.GIVEN_UP, n.at >= since)) or 0


class Untold(NamedTuple):
    """What is to be told of: an event, and whom or what it is about; no event for what was noted before."""

    event: NoticeEvent | None
    number: int


def news(connection: Connection, now: datetime, surge: int) -> list[Untold]:
    """Return what is to be told by now, in one query: most looks find nothing.

    `surge` is from how many sign-ups on they leap; 0: never.
    """
    found: CompoundSelect[Any] = union_all(
        *(_of_sends(), _of_schedules(now), _of_feeds(now), _to_be_tried(now)),
        *([_of_signups(now, surge)] if surge else []),
    )
    return [
        Untold(NoticeEvent(event) if event else None, number) for event, number in connection.execute(found)
    ]


def _of_sends() -> Select[Any]:
    s, c = sends.c, chunks.c
    left = exists().where(c.send_id == s.id, c.is_open)
    through = (
        (s.kind == SendKind.ISSUE) & s.proved_at.is_not(None) & s.halted.is_distinct_from(Halt.CANCELLED)
    )
    over = through & ~left & ~_known(literal(f"{NoticeEvent.SEND_FINISHED}:") + cast(s.id, Text))
    stopped = (s.halted == Halt.STOPPED) & ~_told(NoticeEvent.SEND_HELD, s.id, s.halted_at)
    event = case((over, NoticeEvent.SEND_FINISHED.value), else_=NoticeEvent.SEND_HELD.value)
    return select(event, s.id).where(or_(over, stopped))


def _of_schedules(now: datetime) -> Select[Any]:
    c = schedules.c
    gone_wrong = c.state.in_([ScheduleState.FAILED, ScheduleState.MISSED, ScheduleState.SKIPPED])
    wrong = gone_wrong & ~_known(literal("schedule.") + c.state + literal(":") + cast(c.id, Text))
    waits = (c.state == ScheduleState.WAITING) & (c.due_at <= now) & (c.note != "")
    held = waits & ~_told(NoticeEvent.SCHEDULE_HELD, c.id, c.due_at)
    event = case((held, NoticeEvent.SCHEDULE_HELD.value), else_=literal("schedule.") + c.state)
    return select(event, c.id).where(or_(wrong, held))


def _of_feeds(now: datetime) -> Select[Any]:
    c = schedules.c
    broken = exists().where(feeds.c.schedule_id == c.id, feeds.c.trouble != "")
    event = literal(NoticeEvent.FEED_BROKEN.value)
    lately = literal(now - DAY, UtcTime)
    return select(event, c.id).where(
        c.state == ScheduleState.RECURRING, broken, ~_told(NoticeEvent.FEED_BROKEN, c.id, lately)
    )


def _of_signups(now: datetime, surge: int) -> Select[str, int]:
    event, n = NoticeEvent.SIGNUPS_SURGE, admin_notices.c
    lately = select(func.count()).where(signups.c.at > now - LATELY).scalar_subquery()
    told = exists().where(n.event == event, n.at > now - DAY)
    return select(literal(event.value), literal(0)).where(lately >= surge, ~told)


def _to_be_tried(now: datetime) -> Select[str, int]:
    c, s = chunks.c, sends.c
    goes = or_(c.due_at.is_(None), c.due_at <= now)
    mail = exists().where(s.kind == SendKind.NOTICE, c.send_id == s.id, c.is_open, goes)
    return select(literal(""), literal(0)).where(or_(exists().where(_due(now)), mail))


def _known(key: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(admin_notices.c.key == key)


def _told(event: NoticeEvent, number: ColumnElement[int], since: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether something was told of this number after a moment, whatever else its key says."""
    n = admin_notices.c
    begin = literal(f"{event}:") + cast(number, Text) + literal(":")
    return exists().where(n.event == event, n.at >= since, n.key.startswith(begin))


def _due(now: datetime) -> ColumnElement[bool]:
    return (notice_ways.c.state == Telling.WAITING) & (notice_ways.c.next_at <= now)


def _this(way: Way) -> ColumnElement[bool]:
    return (notice_ways.c.notice_id == way.notice_id) & (notice_ways.c.way == way.name)
