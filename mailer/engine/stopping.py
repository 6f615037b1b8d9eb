"""Stopping cleanly: the first SIGINT or SIGTERM finishes what is in flight, the second ends at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailer.engine.loop import run
from mailer.errors import ExitCode, MailerError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Result = TypeVar("Result")


class Interrupted(MailerError):
    """A second signal ended the run at once; the account is exact all the same."""

    exit_code = ExitCode.INTERRUPTED


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[Result]]) -> Result:
    """Run `main` in a new event loop and return its result; a signal sets the event it was given.

    Raises Interrupted when a second signal came before it had finished.
    """

    async def watched() -> Result:
        stop = asyncio.Event()
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def on_signal() -> None:
            if stop.is_set() and task:
                task.cancel()
            elif not stop.is_set():
                print("\nFinishing what is in flight; once more stops at once.", file=sys.stderr)
            stop.set()

        for number in SIGNALS:
            loop.add_signal_handler(number, on_signal)
        return await main(stop)

    try:
        return run(watched())
    except asyncio.CancelledError:
        raise Interrupted(
            "stopped at once; messages whose answer had not come are listed as uncertain",
            next_step="The same command again goes on where this one stopped.",
        ) from None
