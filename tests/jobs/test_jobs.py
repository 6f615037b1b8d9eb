"""Jobs wait in the database of the ledger, and whoever is free does them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from postgresql import Server
from sqlalchemy import text

from mailer.errors import StorageBusy
from mailer.jobs.port import Help
from mailer.jobs.procrastinate_jobs import ProcrastinateJobs
from mailer.store.database import Database, open_database

pytestmark = pytest.mark.peers


@pytest.fixture
def database(postgresql: Server, tmp_path: Path) -> Iterator[Database]:
    database = open_database(postgresql.database(), tmp_path)
    yield database
    database.dispose()


@pytest.fixture
def jobs(database: Database) -> ProcrastinateJobs:
    return ProcrastinateJobs(database)


def enqueue(database: Database, jobs: ProcrastinateJobs, *sends: tuple[int, int]) -> None:
    with database.begin() as connection:
        jobs.enqueue(connection, [Help(*each) for each in sends])


def sought(database: Database, jobs: ProcrastinateJobs) -> dict[int, int]:
    with database.connect() as connection:
        return jobs.sought(connection)


def worked(
    jobs: ProcrastinateJobs, number: int, do: Callable[[Help], object] = lambda job: None
) -> list[Help]:
    """Do so many jobs, then stop."""
    done: list[Help] = []

    async def main() -> None:
        stop = asyncio.Event()

        async def each(job: Help) -> None:
            done.append(job)
            do(job)
            if len(done) == number:
                stop.set()

        await jobs.work(each, stop)

    asyncio.run(main())
    return done


def test_jobs_are_there_when_the_transaction_is_and_come_in_turns(database, jobs):
    with pytest.raises(RuntimeError, match="no"), database.begin() as connection:
        jobs.enqueue(connection, [Help(1)])
        raise RuntimeError("no")
    assert sought(database, jobs) == {}
    enqueue(database, jobs, (1, 0), (1, 1), (1, 2))
    enqueue(database, jobs, (2, 0))
    assert sought(database, jobs) == {1: 3, 2: 1}
    # The second send has its share before the first one gets more of it.
    assert worked(jobs, 4) == [Help(1, 0), Help(2, 0), Help(1, 1), Help(1, 2)]
    assert sought(database, jobs) == {}
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM procrastinate.procrastinate_jobs")) == 0


def test_they_lie_in_a_schema_of_their_own_and_ours_is_as_before(database, jobs):
    enqueue(database, jobs, (1, 0))
    ProcrastinateJobs(database)
    with database.begin() as connection:
        jobs.enqueue(connection, [Help(3)])
        assert connection.scalar(text("SHOW search_path")) == '"$user", public'
        ours = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    assert not [name for name in ours if "procrastinate" in name]


def test_what_a_lost_worker_had_is_to_be_done_again(database, jobs):
    enqueue(database, jobs, (5, 0))
    with database.begin() as connection:  # as one leaves it that was killed a minute ago
        connection.execute(text("SET LOCAL search_path = procrastinate"))
        connection.execute(
            text("SELECT procrastinate_fetch_job_v2(NULL, procrastinate_register_worker_v1())")
        )
        connection.execute(
            text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        )
    assert asyncio.run(jobs.retry_lost()) == 1
    assert asyncio.run(jobs.retry_lost()) == 0
    assert worked(jobs, 1) == [Help(5, 0)]


def test_a_job_that_raises_keeps_nobody_from_the_next(database, jobs):
    enqueue(database, jobs, (1, 0), (2, 0))

    def fail(job: Help) -> None:
        if job.send_id == 1:
            raise ValueError("no such send")

    assert worked(jobs, 2, fail) == [Help(1), Help(2)]
    assert sought(database, jobs) == {}


def test_told_to_end_at_once_it_ends_what_is_under_way(database, jobs):
    enqueue(database, jobs, (1, 0))
    ended: list[str] = []

    async def main() -> None:
        begun = asyncio.Event()

        async def endless(job: Help) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("ended")

        work = asyncio.create_task(jobs.work(endless, asyncio.Event()))
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(main())
    assert ended == ["ended"]


def test_told_to_stop_it_ends_though_the_database_keeps_it_waiting(postgresql, database):
    jobs = ProcrastinateJobs(database, patience=0.2)
    enqueue(database, jobs, (1, 0))
    stop = asyncio.Event()
    with database.connect() as elsewhere:

        async def lock(job: Help) -> None:
            # Who works there can't be changed now, so that the worker can't sign off.
            elsewhere.execute(text("LOCK TABLE procrastinate.procrastinate_workers IN SHARE MODE"))
            stop.set()

        async def main() -> None:
            async with asyncio.timeout(60):  # it would wait for ever
                await jobs.work(lock, stop)

        asyncio.run(main())
    assert sought(database, jobs) == {}


def test_a_database_that_goes_away_is_said_after_the_job_under_way(postgresql, database):
    jobs = ProcrastinateJobs(database, patience=0.2)
    enqueue(database, jobs, (1, 0))
    name, done = database.url.database, list[Help]()

    async def main() -> None:
        async def cut(job: Help) -> None:
            postgresql.run(
                f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
            )
            await asyncio.sleep(0.1)
            done.append(job)

        await jobs.work(cut, asyncio.Event())

    with pytest.raises(StorageBusy, match="no jobs can be had"):
        asyncio.run(main())
    assert done == [Help(1)]


def test_of_several_who_are_first_one_makes_the_tables(postgresql, tmp_path):
    url = postgresql.database()
    databases = [open_database(url, tmp_path) for _ in range(4)]
    with ThreadPoolExecutor(len(databases)) as pool:
        assert len(list(pool.map(ProcrastinateJobs, databases))) == 4
    for each in databases:
        each.dispose()
