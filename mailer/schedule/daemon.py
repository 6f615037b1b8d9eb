"""The scheduler that `mailer run` is: APScheduler ticks, each tick is one round.

What is due and who has it stands in our own tables: APScheduler keeps nothing but the beat, so that any
number of these may run beside cron and each other. Its event loop ends with each tick, because a round forks
processes, which is safe only where there is no loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from logging import CRITICAL, getLogger
from time import monotonic
from typing import TYPE_CHECKING

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from mailer.errors import MailerError, StorageBusy
from mailer.services.rounds import Rounds, check_settings

if TYPE_CHECKING:
    from mailer.domain.send import Send

LONGEST_REST = 900.0  # seconds


@dataclass(slots=True)
class Backoff:
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


def keep_sending(
    rounds: Rounds,
    every: float,
    say: Callable[[str], None],
    complain: Callable[[MailerError], None],
    looked: Callable[[], bool] = lambda: False,
) -> None:
    """Make a round now and each `every` seconds until it is asked to stop; then finish the one under way.

    After each, `looked` may say that it was the last one. Raises what ends a round, and Interrupted.
    """
    rest, told = Backoff(every), set[tuple[int, datetime | None]]()

    def is_news(send: Send) -> bool:
        word = (send.id, send.halted_at)
        new = word not in told
        told.add(word)
        return new

    beat = IntervalTrigger(seconds=every, start_date=rounds.app.now(), timezone="UTC")
    while not rounds.over:
        if not rest.lasts(monotonic()):
            _round(rounds, rest, say, is_news, complain)
        if looked():
            return
        rounds.wait(lambda stop: _tick(beat, stop))


def _round(
    rounds: Rounds,
    rest: Backoff,
    say: Callable[[str], None],
    is_news: Callable[[Send], bool],
    complain: Callable[[MailerError], None],
) -> None:
    try:
        check_settings(
            rounds.app
        )  # what is wrong with the settings ends it now, and not when something falls due
        done = rounds.make(say, is_news)
    except StorageBusy as busy:
        complain(busy)
        return
    finally:
        rounds.app.let_go()
    for report in done.reports:
        say(report.text())
    for error in done.errors:
        complain(error)
    rest.after(monotonic(), turned_away=done.turned_away)


async def _tick(beat: IntervalTrigger, stop: asyncio.Event) -> None:
    """Wait for the next beat or for the stop; beats that were missed during a round are gone."""
    struck = asyncio.Event()

    async def strike() -> None:
        struck.set()

    getLogger("apscheduler").setLevel(CRITICAL)  # a beat that comes late is no news
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(strike, beat)
    scheduler.start()
    waits = [asyncio.create_task(event.wait()) for event in (struck, stop)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    scheduler.shutdown(wait=False)
