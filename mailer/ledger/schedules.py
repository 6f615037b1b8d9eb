"""What goes out when. A schedule only begins a send; from then on the ledger keeps the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Row, insert, select, update

from mailer.domain.audience import Audience
from mailer.domain.moment import in_both_zones
from mailer.store.schema import schedules


class ScheduleState(StrEnum):
    """What is kept of where a schedule is; it leaves `waiting` once, by compare-and-set.

    What became of one that has begun is its send's to say (`mailer.services.schedules`).
    """

    WAITING = "waiting"
    BEGUN = "begun"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """An issue file (relative to the workspace), its audience, and when it is due.

    `note` says why it failed, why it could not begin so far, or that its send had begun before it.
    """

    id: int
    issue: str
    audience: Audience
    due_at: datetime
    zone: str
    state: ScheduleState
    send_id: int | None
    note: str

    @property
    def when(self) -> str:
        """When it is due, for a person."""
        return in_both_zones(self.due_at, ZoneInfo(self.zone))


class Schedules:
    """Reads and writes schedules; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, issue: str, audience: Audience, due_at: datetime, zone: str, now: datetime) -> Schedule:
        """Keep a schedule."""
        values = {
            "issue": issue,
            "audience": audience.text(),
            "due_at": due_at,
            "zone": zone,
            "state": ScheduleState.WAITING,
            "created_at": now,
            "updated_at": now,
        }
        with self._engine.begin() as connection:
            return _schedule(connection.execute(insert(schedules).values(values).returning(schedules)).one())

    def all(self, state: ScheduleState | None = None) -> list[Schedule]:
        """Return the schedules, or those in one state, by the time they are due."""
        query = select(schedules).order_by(schedules.c.due_at, schedules.c.id)
        if state:
            query = query.where(schedules.c.state == state)
        with self._engine.connect() as connection:
            return [_schedule(row) for row in connection.execute(query)]

    def due(self, now: datetime) -> list[Schedule]:
        """Return the waiting ones whose time has come."""
        return [schedule for schedule in self.all(ScheduleState.WAITING) if schedule.due_at <= now]

    def waits(self, schedule_id: int) -> bool:
        """Return whether this one is still waiting."""
        return any(schedule.id == schedule_id for schedule in self.all(ScheduleState.WAITING))

    def settle(
        self, schedule_id: int, state: ScheduleState, note: str, now: datetime, send_id: int | None = None
    ) -> bool:
        """Take a waiting schedule to another state; return whether it was still waiting."""
        return self._change(schedule_id, now, state=state, note=note, send_id=send_id)

    def hold(self, schedule_id: int, note: str, now: datetime) -> bool:
        """Note why a waiting schedule could not begin when it was due; False if it waits no longer."""
        return self._change(schedule_id, now, note=note)

    def move(self, schedule_id: int, due_at: datetime, zone: str, now: datetime) -> bool:
        """Let a waiting schedule be due at another time; False if it waits no longer."""
        return self._change(schedule_id, now, due_at=due_at, zone=zone, note="")

    def _change(self, schedule_id: int, now: datetime, **values: Any) -> bool:
        s = schedules.c
        with self._engine.begin() as connection:
            done = connection.execute(
                update(schedules)
                .where(s.id == schedule_id, s.state == ScheduleState.WAITING)
                .values(updated_at=now, **values)
            )
            return done.rowcount == 1


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
    )
