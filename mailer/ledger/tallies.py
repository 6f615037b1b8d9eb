"""The ledger in a few numbers, for who looks after this machine: read from tallies, however many people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from mailer.domain.delivery import LASTING, OPEN, Halt
from mailer.ledger.schedules import ScheduleState
from mailer.store.schema import alerts, chunks, notices, returns, schedules, sends, signups

LATE = timedelta(minutes=2)  # cron looks once a minute


@dataclass(frozen=True, slots=True)
class Tallies:
    """What there is: deliveries by kind and state, sends that are not at their end, schedules by state.

    `late` is how many schedules nobody begins though their time has come. `returned` counts all that ever
    came back; `notices` and `signups` wait to be read; `alerts` wait for a person.
    """

    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    open_sends: Counter[str] = field(default_factory=Counter)
    schedules: Counter[str] = field(default_factory=Counter)
    late: int = 0
    returned: int = 0
    notices: int = 0
    signups: int = 0
    alerts: int = 0


def tallies(connection: Connection, now: datetime) -> Tallies:
    """Count, in as many steps as there are chunks and schedules: nobody's delivery is read."""
    deliveries, open_sends = _of_sends(connection)
    by_state, late = _of_schedules(connection, now)
    count = func.count
    return Tallies(
        deliveries,
        open_sends,
        by_state,
        late,
        # Ids are given out in turn, and no row is ever taken out.
        connection.scalar(select(func.max(returns.c.id))) or 0,
        connection.scalar(select(count()).where(notices.c.read_at.is_(None))) or 0,
        connection.scalar(select(count()).where(signups.c.taken_at.is_(None))) or 0,
        connection.scalar(select(count()).where(alerts.c.dismissed_at.is_(None))) or 0,
    )


def _of_sends(connection: Connection) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    c, s = chunks.c, sends.c
    sums = [func.sum(c[state.value]).label(state.value) for state in LASTING]
    of_each = select(c.send_id, *sums).group_by(c.send_id).subquery()
    query = select(s.kind, s.halted, of_each).join(of_each, of_each.c.send_id == s.id)
    deliveries, open_sends = Counter[tuple[str, str]](), Counter[str]()
    for row in connection.execute(query.where(s.proved_at.is_not(None))):
        for state in LASTING:
            deliveries[row.kind, state.value] += int(getattr(row, state.value))
        if any(getattr(row, state.value) for state in LASTING if state in OPEN):
            open_sends[row.halted or "going"] += row.halted != Halt.CANCELLED
    return deliveries, open_sends


def _of_schedules(connection: Connection, now: datetime) -> tuple[Counter[str], int]:
    c = schedules.c
    states = connection.execute(select(c.state, func.count()).group_by(c.state)).all()
    late = select(func.count()).where(c.state == ScheduleState.WAITING, c.due_at < now - LATE)
    return Counter(dict(states)), connection.scalar(late) or 0
