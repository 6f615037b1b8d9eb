"""Processes that take jobs side by side for as long as they may, and the parent that watches them."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from mailer.engine.pipe import Order
from mailer.engine.worker import Progress
from mailer.engine.worker_process import Task
from mailer.engine.workers import WorkerProcess, fork


@contextmanager
def crew(number: int, task: Task) -> Iterator[list[WorkerProcess]]:
    """Fork `number` processes for the `task`, which wait to be told to go; they are gone after the block.

    To be entered where there is neither an event loop nor a thread, nor an open connection.
    """
    members = list[WorkerProcess]()
    gc.freeze()  # what the collector never looks at is not written to, and stays shared
    try:
        with suppress(BlockingIOError):
            for _ in range(number):
                members.append(fork(task, members))
        yield members
    finally:
        gc.unfreeze()
        for each in members:
            each.reap()


async def watch(
    members: Sequence[WorkerProcess],
    progress: Progress,
    chore: Coroutine[Any, Any, None],
    stop: asyncio.Event,
) -> None:
    """Let them go and wait until all have ended, which they do once `stop` is set; do the `chore` beside.

    Cancelled, it has them end at once and waits for that. Raises what the chore raises.
    """
    ends = [asyncio.create_task(_attend(each, progress)) for each in members]
    beside = [asyncio.create_task(chore), asyncio.create_task(_pass_on(members, stop))]
    try:
        _order(members, Order.GO)
        await asyncio.wait(ends)
    except asyncio.CancelledError:
        _order(members, Order.AT_ONCE)
        await asyncio.wait(ends)
        raise
    finally:
        for task in beside:
            task.cancel()
    if beside[0].done():
        beside[0].result()


async def _attend(member: WorkerProcess, progress: Callable[[int], None]) -> None:
    await member.attend(progress, lambda said: None)  # noqa: ARG005
    member.reap()
    if member.lost:
        print(f"A worker process ({member.pid}) was lost; the others go on.", file=sys.stderr)


async def _pass_on(members: Sequence[WorkerProcess], stop: asyncio.Event) -> None:
    await stop.wait()
    _order(members, Order.FINISH)


def _order(members: Sequence[WorkerProcess], order: Order) -> None:
    for each in members:
        each.pipe.say(order)
