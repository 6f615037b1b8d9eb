"""What goes out when. A schedule only begins a send; from then on the ledger keeps the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, Row, and_, exists, insert, or_, select, update

from mailer.domain.audience import Audience
from mailer.domain.moment import in_both_zones
from mailer.domain.recurrence import Recurrence
from mailer.domain.rollout import Rollout
from mailer.store.schema import schedules

# Who begins one says so again before this is over; of whom nothing was heard for so long, another takes it.
LEASE = timedelta(minutes=1)


class ScheduleState(StrEnum):
    """What is kept of where a schedule is; every step is by compare-and-set.

    One process takes it from `waiting` to `beginning`, and nobody but that one from there on, as long as it
    is heard of. What became of one that has begun is its send's to say (`mailer.services.schedules`).
    """

    WAITING = "waiting"
    BEGINNING = "beginning"
    BEGUN = "begun"
    MISSED = "missed"  # nobody began it in time; a person may let it be due anew
    SKIPPED = "skipped"  # no issue was ready
    FAILED = "failed"
    REMOVED = "removed"
    RECURRING = "recurring"  # begins nothing itself: each time another row does, which names it


# What may still begin a send.
TO_COME = (ScheduleState.WAITING, ScheduleState.BEGINNING, ScheduleState.MISSED, ScheduleState.RECURRING)


@dataclass(frozen=True, slots=True)
class Schedule:
    """An issue file (relative to the workspace), its audience, and when it is due.

    One that recurs names a folder of issues, or feeds, and its next time; of it comes an occurrence each
    time, which has its number as `parent_id` and names no issue until one is chosen.
    `note` says why it failed, why it could not begin so far, or that its send had begun before it; for one
    that is beginning who does that, of whom was heard last when it was `updated_at`.
    """

    id: int
    issue: str
    audience: Audience
    due_at: datetime
    zone: str
    state: ScheduleState
    send_id: int | None
    note: str
    updated_at: datetime
    recurrence: Recurrence | None = None
    parent_id: int | None = None
    local_at: datetime | None = None  # naive: the time on each reader's clock
    rollout: Rollout | None = None

    @property
    def when(self) -> str:
        """When it is due, for a person."""
        if self.local_at:
            return f"{self.local_at:%a %Y-%m-%d %H:%M} where each reader is"
        return in_both_zones(self.due_at, ZoneInfo(self.zone))

    def in_hand(self, now: datetime) -> bool:
        """Whether a process is beginning it that was heard of lately."""
        return self.state is ScheduleState.BEGINNING and abs(self.updated_at - now) <= LEASE


class Schedules:
    """Reads and writes schedules; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        issue: str,
        audience: Audience,
        due_at: datetime,
        zone: str,
        now: datetime,
        recurrence: Recurrence | None = None,
        local_at: datetime | None = None,
        rollout: Rollout | None = None,
    ) -> Schedule:
        """Keep a schedule, or one that recurs, the first time at `due_at`.

        With `local_at` each reader gets it when it is that where they are, and `due_at` is when it begins.
        With a `rollout` it goes in stages.
        """
        values = {
            "issue": issue,
            "audience": audience.text(),
            "due_at": due_at,
            "zone": zone,
            "state": ScheduleState.RECURRING if recurrence else ScheduleState.WAITING,
            "recurrence": recurrence.text() if recurrence else None,
            "local_at": local_at and local_at.isoformat(),
            "rollout": rollout and rollout.data(),
            "created_at": now,
            "updated_at": now,
        }
        with self._engine.begin() as connection:
            return _schedule(connection.execute(insert(schedules).values(values).returning(schedules)).one())

    def get(self, schedule_id: int) -> Schedule:
        """Return the one with this number, which must be there."""
        with self._engine.connect() as connection:
            return _schedule(connection.execute(select(schedules).where(schedules.c.id == schedule_id)).one())

    def all(self, *states: ScheduleState, by: datetime | None = None) -> list[Schedule]:
        """Return the schedules by the time they are due: in one of these states, due `by` then, or all."""
        query = select(schedules).order_by(schedules.c.due_at, schedules.c.id)
        if states:
            query = query.where(schedules.c.state.in_(states))
        if by:
            query = query.where(schedules.c.due_at <= by)
        with self._engine.connect() as connection:
            return [_schedule(row) for row in connection.execute(query)]

    def due(self, now: datetime) -> list[Schedule]:
        """Return those whose time has come and that wait, or are left by who was beginning them."""
        found = self.all(ScheduleState.WAITING, ScheduleState.BEGINNING, by=now)
        return [each for each in found if not each.in_hand(now)]

    def recurring(self, now: datetime) -> list[Schedule]:
        """Return those that recur and whose next time has come."""
        return self.all(ScheduleState.RECURRING, by=now)

    def any_passed(self, now: datetime) -> bool:
        """Return whether the time of one has come that may begin something."""
        c = schedules.c
        states = (ScheduleState.WAITING, ScheduleState.BEGINNING, ScheduleState.RECURRING)
        with self._engine.connect() as connection:
            return bool(connection.scalar(select(exists().where(c.state.in_(states), c.due_at <= now))))

    def recur(
        self, schedule: Schedule, latest: datetime, following: datetime, note: str, now: datetime
    ) -> bool:
        """Have an occurrence at `latest` wait, and what recurs come again at `following`.

        False where another process did, or it was changed or taken back.
        """
        on = update(schedules).where(_only(schedule.id, _RECURRING), schedules.c.due_at == schedule.due_at)
        values = {
            "issue": "",
            "audience": schedule.audience.text(),
            "due_at": latest,
            "zone": schedule.zone,
            "state": ScheduleState.WAITING,
            "recurrence": schedule.recurrence.text() if schedule.recurrence else None,
            "rollout": schedule.rollout and schedule.rollout.data(),
            "parent_id": schedule.id,
            "created_at": now,
            "updated_at": now,
        }
        with self._engine.begin() as connection:
            # By compare-and-set: of any number of processes that see it come, one writes the occurrence.
            if connection.execute(on.values(due_at=following, note=note, updated_at=now)).rowcount != 1:
                return False
            connection.execute(insert(schedules).values(values))
            return True

    def choose(self, schedule_id: int, issue: str, who: str, now: datetime) -> bool:
        """Say which issue an occurrence that `who` took sends; False where it is another's by now."""
        return self._change(schedule_id, begun_by(who), now, issue=issue)

    def take(self, schedule_id: int, who: str, now: datetime) -> bool:
        """Have one to begin that is due; False where another process has it, or it is there no longer."""
        # Heard of in time to come: by a clock that was set back since.
        heard = schedules.c.updated_at.between(now - LEASE, now + LEASE)
        left = and_(_BEGINNING, ~heard)
        return self._change(schedule_id, or_(_WAITING, left), now, state=ScheduleState.BEGINNING, note=who)

    def keep(self, schedule_id: int, who: str, now: datetime) -> bool:
        """Say that the one who took it is at it; False where it is another's by now."""
        return self._change(schedule_id, begun_by(who), now)

    def settle(
        self,
        schedule_id: int,
        state: ScheduleState,
        note: str,
        now: datetime,
        *,
        who: str,
        send_id: int | None = None,
    ) -> bool:
        """Say what came of one that `who` took, or give it back; False where it is another's by now."""
        return self._change(schedule_id, begun_by(who), now, state=state, note=note, send_id=send_id)

    def remove(self, schedule_id: int, now: datetime) -> bool:
        """Take back one that waits, was missed or recurs; False for any other."""
        return self._change(schedule_id, or_(_MOVABLE, _RECURRING), now, state=ScheduleState.REMOVED, note="")

    def hold(self, schedule_id: int, note: str, now: datetime) -> bool:
        """Note why a waiting schedule could not begin when it was due; False if it waits no longer."""
        return self._change(schedule_id, _WAITING, now, note=note)

    def move(
        self,
        schedule_id: int,
        due_at: datetime,
        zone: str,
        now: datetime,
        local_at: datetime | None = None,
    ) -> bool:
        """Let one that waits or was missed be due at another time, or when it is `local_at` where each is.

        False for any other.
        """
        changed = {"due_at": due_at, "zone": zone, "local_at": local_at and local_at.isoformat(), "note": ""}
        changed["state"] = ScheduleState.WAITING
        return self._change(schedule_id, _MOVABLE, now, **changed)

    def _change(self, schedule_id: int, if_it: ColumnElement[bool], now: datetime, **values: Any) -> bool:
        row = update(schedules).where(_only(schedule_id, if_it))
        with self._engine.begin() as connection:
            return connection.execute(row.values(updated_at=now, **values)).rowcount == 1


_WAITING = schedules.c.state == ScheduleState.WAITING
_MOVABLE = schedules.c.state.in_([ScheduleState.WAITING, ScheduleState.MISSED])
_RECURRING = schedules.c.state == ScheduleState.RECURRING
_BEGINNING = schedules.c.state == ScheduleState.BEGINNING


def _only(schedule_id: int, if_it: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(schedules.c.id == schedule_id, if_it)


def begun_by(who: str) -> ColumnElement[bool]:
    """Whether a schedule is in the hand of `who`."""
    return and_(_BEGINNING, schedules.c.note == who)


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        row.id,
        row.issue,
        Audience.parse(row.audience),
        row.due_at,
        row.zone,
        ScheduleState(row.state),
        row.send_id,
        row.note,
        row.updated_at,
        Recurrence.parse(row.recurrence) if row.recurrence else None,
        row.parent_id,
        row.local_at and datetime.fromisoformat(row.local_at),
        Rollout.read(row.rollout) if row.rollout else None,
    )
