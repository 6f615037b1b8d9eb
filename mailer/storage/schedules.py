"""What goes out when. A schedule only begins a send; from then on the ledger keeps the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from mailer.domain.audience import Audience
from mailer.storage.schema import schedules


class ScheduleState(StrEnum):
    """Where a schedule is; it leaves `waiting` once, by compare-and-set."""

    WAITING = "waiting"
    BEGUN = "begun"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """An issue file (relative to the workspace), its audience, and when it is due."""

    id: int
    issue: str
    audience: Audience
    due_at: datetime
    zone: str
    state: ScheduleState
    note: str


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

    def settle(self, schedule_id: int, state: ScheduleState, note: str, now: datetime) -> bool:
        """Take a waiting schedule to another state; return whether it was still waiting."""
        s = schedules.c
        with self._engine.begin() as connection:
            done = connection.execute(
                update(schedules)
                .where(s.id == schedule_id, s.state == ScheduleState.WAITING)
                .values(state=state, note=note, updated_at=now)
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
        row.note,
    )
