"""`mailer work`: processes that take jobs until they are stopped, beside any number of others like them.

A job brings its worker to a send; which chunk is whose the ledger decides. So a job that is lost delays
something, and the sweep makes up for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from logging import getLogger

from sqlalchemy import Connection

from mailer.bootstrap import App
from mailer.engine.crew import crew, watch
from mailer.engine.stopping import Stopping, pause
from mailer.engine.worker import Progress
from mailer.engine.workers import MOST, cores
from mailer.errors import MailerError, UsageError
from mailer.jobs.port import Help, Jobs, calls
from mailer.ledger.in_hand import ready
from mailer.services.attendance import Attendance, attending
from mailer.services.notice_beside import TellingBeside, tell_beside
from mailer.services.notice_findings import tell_all
from mailer.services.stages import advance_all
from mailer.services.together import help_out, help_to_prove

log = getLogger(__name__)

LOOK = 10.0  # seconds between looks for what is to be told
SWEEP = 3.0  # seconds between looks for what nobody was brought to
RESTS = (3.0, 300.0)  # seconds: the first one, and the longest
SHARE = 50_000  # messages of one send, until others have their turn


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of it: how many messages were settled, and whether every process was lost."""

    settled: int
    lost: bool


def work(
    app: App, number: int | None, say: Callable[[str], None], complain: Callable[[MailerError], None]
) -> Worked:
    """Take jobs by `number` processes until a signal; what is in flight ends first, but for a second one.

    UsageError where there are no jobs to take, Interrupted after a second signal. To be called where there
    is neither an event loop nor a thread.
    """
    jobs = required_jobs(app)
    app.stay(keep_open=True)
    app.sending()  # what is wrong with the settings is said now
    number = number or min(cores(), MOST)
    settled = 0

    def count(more: int) -> None:
        nonlocal settled
        settled += more

    with app.at_work(), tell_beside(app) as telling, Stopping() as stopping:
        app.let_go()
        with crew(number, partial(_take_jobs, app, complain)) as members:
            say(f"Working for {app.root}, processes: {len(members)}. Ctrl-C stops.")
            chores = partial(_chores, app, jobs, complain, telling)
            stopping.run(lambda stop: watch(members, count, chores(stop), stop))
    return Worked(settled, all(each.lost for each in members))


def required_jobs(app: App) -> Jobs:
    """Return what brings jobs; UsageError that says what to do where nothing does."""
    if app.database_file:
        raise UsageError(
            "`mailer work` is for a database that many machines share, and this one is a file on this one",
            next_step="Send from here with `mailer send-issue` or `mailer run`; for several machines move it "
            "to PostgreSQL: mailer db move URL",
        )
    if app.jobs is None:
        raise UsageError(
            "`mailer work` takes jobs through Procrastinate, which is not installed",
            next_step="Install it: pip install 'mailer-dispatch[cluster]'",
        )
    return app.jobs


@dataclass(slots=True)
class _Rest:
    """How long to leave alone what was in vain: twice as long each time in a row."""

    stop: asyncio.Event
    _in_a_row: int = 0

    async def take(self) -> None:
        """Wait, unless it is to stop."""
        shortest, longest = RESTS
        await pause(self.stop, min(longest, shortest * 2**self._in_a_row))
        self._in_a_row = min(self._in_a_row + 1, 10)

    def over(self) -> None:
        """Begin with the shortest again."""
        self._in_a_row = 0


async def _take_jobs(
    app: App, complain: Callable[[MailerError], None], stop: asyncio.Event, count: Progress
) -> None:
    """Do jobs in a worker process, whatever becomes of the database meanwhile."""
    jobs, rest = required_jobs(app), _Rest(stop)
    async with attending(app, also=count) as attendance:
        do = partial(_do, app, complain, rest, attendance)
        while not stop.is_set():
            try:
                await jobs.work(do, stop)
            except MailerError as away:  # the parent says it
                log.info("process %d: %s", os.getpid(), away.problem)
                await rest.take()


async def _do(
    app: App, complain: Callable[[MailerError], None], rest: _Rest, attendance: Attendance, job: Help
) -> None:
    try:
        if job.proves:
            await asyncio.to_thread(help_to_prove, app, job.send_id, rest.stop.is_set)
            return
        helped = await help_out(app, job.send_id, SHARE, rest.stop, attendance)
        if helped.more and not rest.stop.is_set():
            with app.database.begin() as connection:
                required_jobs(app).enqueue(connection, [Help(job.send_id, job.turn + 1)])
    except MailerError as error:
        complain(error)
    else:
        if not helped.held:
            rest.over()
            return
    # What turned this one away would turn it away again, whichever send it is for.
    await rest.take()


async def _chores(
    app: App,
    jobs: Jobs,
    complain: Callable[[MailerError], None],
    telling: TellingBeside,
    stop: asyncio.Event,
) -> None:
    await asyncio.gather(_sweep(app, jobs, complain, stop), _tell(app, telling, stop))


async def _tell(app: App, telling: TellingBeside, stop: asyncio.Event) -> None:
    """See again and again what is to be told."""
    while not stop.is_set():
        await asyncio.to_thread(tell_all, app, telling.tell)
        await pause(stop, LOOK)


async def _sweep(app: App, jobs: Jobs, complain: Callable[[MailerError], None], stop: asyncio.Event) -> None:
    """See again and again that nothing waits that nobody is called to."""
    rest = _Rest(stop)
    while not stop.is_set():
        try:
            if lost := await jobs.retry_lost():
                log.info("%d jobs of lost workers are to be done again", lost)
            await asyncio.to_thread(advance_all, app)
            await asyncio.to_thread(call_missing, app, jobs)
        except MailerError as error:
            error.next_step = "Nothing, if it passes by itself: it is tried again."
            complain(error)
            await rest.take()
        else:
            rest.over()
            await pause(stop, SWEEP)


def call_missing(app: App, jobs: Jobs) -> None:
    """Call to each send whom it lacks: what a job was enqueued for ended early where something went wrong."""

    def missing(connection: Connection) -> list[Help]:
        sought = jobs.sought(connection)
        found = ready(connection, app.now()).items()
        return [each for send, chunks in found for each in calls(send, chunks, sought.get(send, 0))]

    with app.database.connect() as connection:
        if not missing(connection):
            return
    with app.database.begin() as connection:  # in which no other sweep can call the same
        if called := missing(connection):
            jobs.enqueue(connection, called)
            log.info("%d more are called to sends %s", len(called), {job.send_id for job in called})
