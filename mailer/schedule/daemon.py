"""The scheduler that `mailer run` is: APScheduler ticks, each tick is one round.

What is due and who has it stands in our own tables: APScheduler keeps nothing but the beat, so that any
number of these may run beside cron and each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from logging import CRITICAL, getLogger
from time import monotonic
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from mailer.errors import MailerError, StorageBusy
from mailer.schedule.round import make_round

if TYPE_CHECKING:
    from mailer.bootstrap import App

LONGEST_REST = 900.0  # seconds


@dataclass(slots=True)
class Rest:
    """How long to leave a server alone that turned us away: twice as many seconds each time in a row.

    A wrong password tried every ten seconds gets an account locked.
    """

    every: float
    _failures: int = 0
    _until: float = 0.0

    def after(self, now: float, *, turned_away: bool) -> None:
        """Take in how a round ended."""
        self._failures = min(self._failures + 1, 10) if turned_away else 0
        self._until = now + min(LONGEST_REST, self.every * 2**self._failures) if turned_away else now

    def lasts(self, now: float) -> bool:
        """Return whether it is too early for another round."""
        return now < self._until


async def keep_sending(
    app: App,
    stop: asyncio.Event,
    every: float,
    say: Callable[[str], None],
    complain: Callable[[MailerError], None],
) -> None:
    """Make a round now and each `every` seconds until `stop` is set; then finish the one under way."""
    failure: list[BaseException] = []
    busy = asyncio.Lock()
    rest = Rest(every)

    async def tick() -> None:
        async with busy:
            if stop.is_set() or rest.lasts(monotonic()):
                return
            try:
                done = await make_round(app, stop, say)
            except StorageBusy as busy_database:
                complain(busy_database)
                return
            for report in done.reports:
                say(report.text())
            for error in done.errors:
                complain(error)
            rest.after(monotonic(), turned_away=done.turned_away)

    def on_error(event: JobExecutionEvent) -> None:
        failure.append(event.exception)
        stop.set()

    # What fails is raised below, and a tick that comes while one is busy is no news.
    getLogger("apscheduler").setLevel(CRITICAL)
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_listener(on_error, EVENT_JOB_ERROR)
    # One at a time; ticks missed meanwhile are one tick.
    scheduler.add_job(
        tick, IntervalTrigger(seconds=every), next_run_time=app.now(), max_instances=1, coalesce=True
    )
    scheduler.start()
    await stop.wait()
    scheduler.pause()
    async with busy:
        scheduler.shutdown(wait=False)
    if failure:
        raise failure[0]
