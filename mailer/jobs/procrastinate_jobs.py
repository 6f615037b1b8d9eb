"""Jobs in Procrastinate's tables, which lie beside ours in a PostgreSQL schema of their own.

What is known of Procrastinate stands here: it doesn't fence a worker that comes back late (the ledger does);
after a worker was killed somebody has to say that its jobs are to be done again; its worker ends when the
database goes away; what was done is deleted at once, because old jobs make the next one slow to find, and so
do statistics from when the table was empty.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition
from procrastinate.jobs import Job as Row
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout
from sqlalchemy import Connection, Engine, text

from mailer.errors import StorageBusy
from mailer.jobs.port import Help

SCHEMA = "procrastinate"
QUEUE = TASK = "send"
HEARTBEAT = 2.0  # seconds
LOST = 10.0  # seconds without a heartbeat
ASKED = 6  # times that a worker without a job is asked to end
# Not by to_regclass: what another process made while this one waited for the lock, that may not know yet.
THERE = text(f"SELECT true FROM pg_catalog.pg_tables WHERE schemaname = '{SCHEMA}' LIMIT 1")  # noqa: S608
SOUGHT = text(
    f"SELECT CAST(args ->> 'send_id' AS integer), count(*) FROM {SCHEMA}.procrastinate_jobs "  # noqa: S608
    "WHERE status IN ('todo', 'doing') AND NOT CAST(args ->> 'proves' AS boolean) GROUP BY 1"
)


class ProcrastinateJobs:
    """Jobs in the database that the ledger is in, a PostgreSQL one; its tables are made if there are none.

    A connection is waited for with `patience`, in seconds, and so is a worker until it is asked again to end.
    """

    def __init__(self, database: Engine, patience: float = 3.0) -> None:
        self._database = database
        self._patience = patience
        for name in ("procrastinate", "psycopg.pool"):  # what they would say is said here and by who works
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with database.connect() as connection:
            there = connection.scalar(THERE)
        if not there:
            _make_tables(database)

    def enqueue(self, connection: Connection, jobs: Iterable[Help]) -> None:
        """See `Jobs`."""
        with _within_schema(connection):
            self._app().job_manager.batch_defer_jobs(
                [_row(job) for job in jobs], connection.connection.driver_connection
            )
        connection.execute(text(f"ANALYZE {SCHEMA}.procrastinate_jobs"))

    def sought(self, connection: Connection) -> dict[int, int]:
        """See `Jobs`."""
        return dict(connection.execute(SOUGHT).all())

    async def work(self, do: Callable[[Help], Awaitable[None]], stop: asyncio.Event) -> None:
        """See `Jobs`."""
        app, under_way = self._app(), set[asyncio.Task[None]]()

        @app.task(name=TASK, queue=QUEUE)
        async def send(send_id: int, turn: int, proves: bool) -> None:
            task = asyncio.ensure_future(do(Help(send_id, turn, proves)))
            under_way.add(task)
            try:
                await task
            finally:
                under_way.discard(task)

        asyncio.get_running_loop().set_exception_handler(_unless_away)
        try:
            await asyncio.to_thread(self._reach)
            async with app.open_async():
                await self._worked(app, under_way, stop)
        except (ConnectorException, PoolTimeout) as error:
            raise _away(error) from None

    async def retry_lost(self) -> int:
        """See `Jobs`."""
        app = self._app()
        try:
            async with app.open_async():
                lost = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=LOST))
                for row in lost:
                    await app.job_manager.retry_job(row)
        except (ConnectorException, PoolTimeout) as error:
            raise _away(error) from None
        return len(lost)

    async def _worked(self, app: App, under_way: set[asyncio.Task[None]], stop: asyncio.Event) -> None:
        worker: Any = Worker(  # whose methods have no types
            app,
            queues=[QUEUE],
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=LOST,
        )
        working, stopped = asyncio.create_task(worker.run()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            for task in under_way:
                task.cancel()
            raise
        finally:
            stopped.cancel()
            await self._end(worker, working, under_way)
        if not stop.is_set():
            working.result()
            raise ConnectorException("the worker has ended")

    async def _end(
        self, worker: Any, working: asyncio.Task[None], under_way: set[asyncio.Task[None]]
    ) -> None:
        """Let the job end that is under way, which heeds the same event, and then the worker.

        Without a job it may wait for the database, which somebody has locked, say: it is cancelled, and at
        last left alone, for a job that nobody ended is done again.
        """
        asked = 0
        while asked < ASKED and not working.done():
            # Not by cancelling alone: before Python 3.12 that may be lost in asyncio.wait_for.
            worker.stop()
            if asked >= ASKED / 2:
                working.cancel()
            await asyncio.wait({working}, timeout=self._patience)
            asked = 0 if under_way else asked + 1

    def _reach(self) -> None:
        # It says at once what a pool waits half a minute for: that the database is away.
        with self._database.connect():
            pass

    def _app(self) -> App:
        _, named = self._database.dialect.create_connect_args(self._database.url)
        options = f"{named.get('options', '')} -c search_path={SCHEMA}".strip()
        return App(
            connector=PsycopgConnector(
                kwargs={**named, "options": options}, min_size=1, max_size=3, timeout=self._patience
            )
        )


def _unless_away(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # While the database is away it can't be noted that a job was done, and nobody asks that task for it.
    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)


def _row(job: Help) -> Row:
    return Row(
        queue=QUEUE,
        lock=None,
        queueing_lock=None,
        task_name=TASK,
        task_kwargs={"send_id": job.send_id, "turn": job.turn, "proves": job.proves},
        priority=-job.turn,
    )


def _away(error: Exception) -> StorageBusy:
    return StorageBusy(f"no jobs can be had from the database: {error.__cause__ or error}")


def _make_tables(database: Engine) -> None:
    made = files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")
    with database.begin() as connection:
        if connection.scalar(THERE):
            return  # another process was first
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        with _within_schema(connection):
            driver = connection.connection.driver_connection
            assert driver
            driver.execute(made.encode())


@contextmanager
def _within_schema(connection: Connection) -> Iterator[None]:
    """Let what doesn't say where it lies be Procrastinate's, for the block; an error ends the transaction."""
    path = text("SELECT set_config('search_path', :path, true)")
    before = connection.scalar(text("SELECT current_setting('search_path')"))
    connection.execute(path, {"path": f"{SCHEMA}, {before}"})
    yield
    connection.execute(path, {"path": before})
