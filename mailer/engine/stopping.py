"""The event loop of everything that sends, and how it is stopped.

The first SIGINT or SIGTERM finishes what is in flight, the second ends at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from mailer.errors import ExitCode, MailerError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run `main` in a new event loop, as `asyncio.run` does: uvloop's where it is installed.

    By measurement uvloop saves an eighth of what the SMTP client costs with CHUNKING, a sixth without.
    """
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        return runner.run(main)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is no wheel for every system
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Interrupted(MailerError):
    """A second signal ended the run at once; the ledger is exact all the same."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self) -> None:
        super().__init__(
            "stopped at once; messages whose answer had not come are listed as uncertain",
            next_step="The same command again goes on where this one stopped.",
        )


class Stopping:
    """Heeds the signals for its block, in which there may be any number of runs, one after the other.

    Between two runs there is no event loop, so that processes may be forked there. A signal that comes then
    stops the next run before it has begun anything. While a run lasts, `alive` is called every second.
    """

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive
        self._signals = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        """Whether to begin nothing more."""
        return self._signals > 0

    def run(self, main: Callable[[asyncio.Event], Awaitable[Result]]) -> Result:
        """Run `main` in a new event loop and return its result; a signal sets the event it was given.

        Raises Interrupted when a second signal came before it had finished.
        """
        if self._signals > 1:
            raise Interrupted
        try:
            return run(self._watched(main))
        except asyncio.CancelledError:
            raise Interrupted from None

    async def _watched(self, main: Callable[[asyncio.Event], Awaitable[Result]]) -> Result:
        stop, task = asyncio.Event(), asyncio.current_task()

        def heed() -> None:
            if self._signals:
                stop.set()
            if self._signals > 1 and task:
                task.cancel()

        with _called_on_signals(heed):
            heed()  # what came before there was a loop
            living = asyncio.create_task(self._live())
            try:
                return await main(stop)
            finally:
                living.cancel()

    async def _live(self) -> None:
        while True:
            self._alive()
            await asyncio.sleep(1)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._signals += 1
        if self._signals == 1:
            # Past sys.stderr: whatever was interrupted may just be writing to it.
            os.write(2, b"\nFinishing what is in flight; once more stops at once.\n")


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, unless `stop` is set before."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[Result]]) -> Result:
    """Run `main` in a new event loop and return its result; a signal sets the event it was given.

    Raises Interrupted when a second signal came before it had finished.
    """
    with Stopping() as stopping:
        return stopping.run(main)


@contextmanager
def _called_on_signals(heed: Callable[[], None]) -> Iterator[None]:
    """Have the event loop call `heed` after each signal: a handler alone doesn't wake a loop that sleeps."""
    # Not by the loop's own handlers: closing the loop takes them off, and a signal just then would kill.
    loop, (awake, alarm) = asyncio.get_running_loop(), socket.socketpair()

    def ring() -> None:
        awake.recv(4096)
        heed()

    with awake, alarm:
        awake.setblocking(False)
        alarm.setblocking(False)
        loop.add_reader(awake, ring)
        before = signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(awake)
