"""A hand: the life of a worker process, from the fork to its last word to the parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import traceback
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import NoReturn

from mailer.engine.loop import run
from mailer.engine.stopping import SIGNALS
from mailer.engine.worker import Progress
from mailer.errors import ExitCode, MailerError

GO, FINISH, AT_ONCE = b"g", b"f", b"a"  # the orders
TELL_EVERY = 0.1  # seconds

# What a hand does: work until all is done or the event is set, telling how many were settled.
Task = Callable[[asyncio.Event, Progress], Awaitable[None]]


def live(line: socket.socket, parents: Iterable[socket.socket], task: Task) -> NoReturn:
    """Do the task when `line` says so, tell there how it goes and how it ended, and end the process.

    What is told is JSON, a line each: a number settled since the last one; at the end an object, empty if
    all went well, else the MailerError. A fault of the program ends it without that.
    """
    code = ExitCode.INTERNAL
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for each in parents:
            each.close()  # only the parent may hold its ends: the end of them means its own
        ended = _ended(line, task)
        with suppress(OSError):
            line.setblocking(True)
            line.sendall(json.dumps(ended).encode() + b"\n")
        code = ExitCode.COMPLETE
    except BaseException:
        traceback.print_exc()
    finally:
        # Whatever the parent would do at its own end is not ours to do.
        os._exit(code)


def _ended(line: socket.socket, task: Task) -> dict[str, str | None]:
    try:
        run(_obey(line, task))
    except MailerError as error:
        return {"kind": type(error).__name__, "problem": error.problem, "next_step": error.next_step}
    except asyncio.CancelledError:
        pass  # told to end at once
    return {}


async def _obey(line: socket.socket, task: Task) -> None:
    loop, stop, settled = asyncio.get_running_loop(), asyncio.Event(), [0]
    line.setblocking(False)
    with suppress(OSError):
        if await loop.sock_recv(line, 1) != GO:
            return
    # A terminal's Ctrl-C and a service manager's SIGTERM reach us as well as the parent: that is one wish.
    # The second one, to end at once, comes from the parent alone.
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)

    def count(number: int) -> None:
        settled[0] += number

    chores = [
        asyncio.create_task(_heed(line, stop, asyncio.current_task())),
        asyncio.create_task(_report(line, settled)),
    ]
    try:
        await task(stop, count)
    finally:
        for chore in chores:
            chore.cancel()
        _tell(line, settled)


async def _heed(line: socket.socket, stop: asyncio.Event, working: asyncio.Task[None] | None) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while order := await loop.sock_recv(line, 1):
            stop.set()
            if order == AT_ONCE and working:
                working.cancel()
    stop.set()  # the parent is gone, and nobody is there to stop us any more


async def _report(line: socket.socket, settled: list[int]) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY)
        _tell(line, settled)


def _tell(line: socket.socket, settled: list[int]) -> None:
    """Say how many were settled since last time; where it can't be said now, it is said next time."""
    if settled[0]:
        with suppress(OSError):
            line.send(b"%d\n" % settled[0])
            settled[0] = 0
