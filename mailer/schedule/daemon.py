"""The scheduler that `mailer run` is: APScheduler ticks, each tick is one round.

What is due and who has it stands in our own tables: APScheduler keeps nothing but the beat, so that any
number of these may run beside cron and each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from mailer.errors import MailerError
from mailer.schedule.round import make_round

if TYPE_CHECKING:
    from mailer.bootstrap import App


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

    async def tick() -> None:
        async with busy:
            if not stop.is_set():
                done = await make_round(app, stop, say)
                for report in done.reports:
                    say(report.text())
                for error in done.errors:
                    complain(error)

    def on_error(event: JobExecutionEvent) -> None:
        failure.append(event.exception)
        stop.set()

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
