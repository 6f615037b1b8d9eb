"""A worker process and its parent on the two ends of a line; how work is dealt out."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.learned import ACCOUNT, Learned, share_of
from mailer.domain.warmup import WarmUp
from mailer.engine.dispatch import Dispatcher
from mailer.engine.pipe import Order, Pipe
from mailer.engine.worker_process import live
from mailer.engine.workers import WORTHWHILE, WorkerProcess, best_number, dealt
from mailer.errors import AccountFault, IssueError, ServerUnavailable, StorageFull
from mailer.smtp.account import Account
from mailer.store.database import open_database

pytestmark = pytest.mark.peers

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


GO, FINISH, AT_ONCE = Order


def process_with(task) -> WorkerProcess:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        live(theirs, [ours], task)
    theirs.close()
    return WorkerProcess(pid, Pipe(ours))


def watched(process: WorkerProcess, *orders: Order) -> list[int]:
    """Give the orders, return what the process told until it ended."""
    told: list[int] = []

    async def watch() -> None:
        for order in orders:
            process.pipe.say(order)
        await asyncio.wait_for(process.attend(told.append, lambda said: None), 10)

    try:
        asyncio.run(watch())
    finally:
        process.reap()
    return told


def test_a_hand_tells_what_it_settled_and_that_it_is_done():
    async def task(stop, progress):
        progress(3)
        await asyncio.sleep(0.25)
        progress(4)

    process = process_with(task)
    told = watched(process, GO)
    assert (sum(told), process.settled, process.done, process.lost) == (7, 7, True, False)
    assert len(told) > 1, "it tells while it works, not at the end alone"


@pytest.mark.parametrize(
    "error",
    [
        AccountFault("535 wrong", next_step="Correct it."),
        ServerUnavailable("421 later"),
        StorageFull("no room", next_step="Make room."),
        IssueError("a.md", 3, "a name – not known"),
    ],
)
def test_an_error_arrives_as_it_was_raised(error):
    async def task(stop, progress):
        raise error

    process = process_with(task)
    watched(process, GO)
    assert type(process.error) is type(error)
    assert (process.error.problem, process.error.next_step) == (error.problem, error.next_step)
    assert process.error.exit_code == error.exit_code
    assert not process.done
    assert not process.lost


def test_a_fault_of_the_program_is_no_good_end(capfd):
    async def task(stop, progress):
        progress(1)
        raise ZeroDivisionError

    process = process_with(task)
    assert sum(watched(process, GO)) == 1
    assert process.lost
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_hand_that_is_told_to_finish_does(tmp_path):
    async def task(stop, progress):
        await stop.wait()
        progress(1)

    process = process_with(task)
    assert sum(watched(process, GO, FINISH, FINISH)) == 1
    assert process.done


def test_a_hand_that_is_told_to_end_at_once_is_cancelled_and_may_clean_up():
    async def task(stop, progress):
        try:
            await asyncio.Event().wait()
        finally:
            progress(5)

    process = process_with(task)
    assert sum(watched(process, GO, FINISH, AT_ONCE)) == 5
    assert process.done


@pytest.mark.parametrize("orders", [[], [GO]])
def test_a_hand_whose_parent_is_gone_finishes(tmp_path, orders):
    finished = tmp_path / "finished"

    async def task(stop, progress):
        await stop.wait()
        finished.touch()

    process = process_with(task)
    for order in orders:
        process.pipe.say(order)
    process.reap()  # closes the pipe and waits: this returns because the process ends
    assert finished.exists() == bool(orders), "without having been told to go it never begins"


def test_what_is_told_to_one_that_is_gone_is_told_to_nobody():
    async def task(stop, progress):
        pass

    process = process_with(task)
    watched(process, GO)
    process.pipe.say(FINISH)


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_shares_are_even_and_add_up(total, number):
    shares = [share_of(total, place, number) for place in range(number)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


@pytest.fixture
def dispatcher(tmp_path):
    database = open_database("sqlite:///people.db", tmp_path)
    yield Dispatcher(
        database, Path(tmp_path / "journals"), Account("mail.example", 587, "tls", connections=5)
    )
    database.dispose()


def test_connections_are_dealt_out(dispatcher):
    parts = [dealt(dispatcher, place, 3) for place in range(3)]
    assert [part.account.connections for part in parts] == [2, 2, 1]


def test_by_default_few_messages_and_limited_ones_are_sent_from_one_process(dispatcher):
    one_connection = replace(dispatcher, account=replace(dispatcher.account, connections=1))
    cores = len(os.sched_getaffinity(0))
    assert best_number(dispatcher, WORTHWHILE, NOW) == min(cores, 4)
    assert best_number(dispatcher, WORTHWHILE - 1, NOW) == 1
    assert best_number(one_connection, WORTHWHILE, NOW) == 1
    assert best_number(replace(dispatcher, rate=14.0), WORTHWHILE, NOW) == 1
    assert best_number(replace(dispatcher, warmup=WarmUp((50_000,))), WORTHWHILE, NOW) == 1
    dispatcher.memory.remember([Learned(ACCOUNT, connections=2)], NOW, [])
    assert best_number(dispatcher, WORTHWHILE, NOW) == 1
