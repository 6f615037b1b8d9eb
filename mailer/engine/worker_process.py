"""The life of a worker process, from the fork to its last word to the parent."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from mailer.domain.learned import Learned
from mailer.engine.pacing.pace import LimitMet, Pace
from mailer.engine.pacing.share import Grant
from mailer.engine.pipe import Connected, Ended, Extended, Order, Pipe, Said, SettledMore, Spent
from mailer.engine.stopping import SIGNALS, run
from mailer.engine.worker import Progress
from mailer.errors import ExitCode, MailerError

TELL_EVERY = 0.1  # seconds

# What a worker process does: work until all is done or the event is set, telling how many were settled.
Task = Callable[[asyncio.Event, Progress], Awaitable[None]]


def live(
    end: socket.socket, parents: Iterable[socket.socket | Pipe], task: Task, pace: Pace | None = None
) -> NoReturn:
    """Do the task when the parent at the other end says so, tell it how it goes, and end the process.

    What is told on the way is how many were settled and what the `pace` of the task has learned; the last
    word is how it ended. A fault of the program ends it without that.
    """
    code = ExitCode.INTERNAL
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for each in parents:
            each.close()  # only the parent may hold its ends: the end of them means its own
        pipe = Pipe(end)
        pipe.say_last(_ended(pipe, task, pace or Pace()))
        code = ExitCode.COMPLETE
    except BaseException:
        traceback.print_exc()
    finally:
        # Whatever the parent would do at its own end is not ours to do.
        os._exit(code)


def _ended(pipe: Pipe, task: Task, pace: Pace) -> Ended:
    try:
        run(_obey(pipe, task, pace))
    except MailerError as error:
        return Ended(error)
    except asyncio.CancelledError:
        pass  # told to end at once
    return Ended()


async def _obey(pipe: Pipe, task: Task, pace: Pace) -> None:
    loop, stop, said = asyncio.get_running_loop(), asyncio.Event(), pipe.hear()
    async for word in said:
        if word is Order.GO:
            break
        _share(word, pace)
    else:
        return
    # A terminal's Ctrl-C and a service manager's SIGTERM reach us as well as the parent: that is one wish.
    # The second one, to end at once, comes from the parent alone.
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    reporter = _Reporter(pipe, pace)
    pace.tell = reporter.refused
    heed = asyncio.create_task(_heed(said, stop, reporter, asyncio.current_task()))
    report = asyncio.create_task(_report(reporter))
    try:
        await task(stop, reporter.settle)
    finally:
        heed.cancel()
        report.cancel()
        reporter.tell()
        reporter.tell_learned()


@dataclass(slots=True)
class _Reporter:
    """What is to be told, and what was; all of it but refusals is told now and then."""

    pipe: Pipe
    pace: Pace
    settled: int = 0
    up: int = 0
    spent: Spent = field(default_factory=lambda: Spent(0, 0, 0))
    learning: bool = False

    def settle(self, number: int) -> None:
        """Count messages that are settled."""
        self.settled += number

    def refused(self, refusal: LimitMet) -> None:
        """Tell the others at once."""
        self.learning = True
        self.pipe.say(refusal)

    def hear(self, refusal: LimitMet) -> None:
        """Let the pace heed what another one was refused."""
        self.learning = True
        self.pace.hear(refusal)

    def tell(self) -> None:
        """Say what is new."""
        if self.settled:
            self.pipe.say(SettledMore(self.settled))
            self.settled = 0
        if self.up != self.pace.up:
            self.up = self.pace.up
            self.pipe.say(Connected(self.up))
        messages = self.pace.messages
        if self.spent != (spent := Spent(messages.given, messages.sent, messages.out)):
            self.spent = spent
            self.pipe.say(spent)
        if self.learning:
            self.tell_learned()
        self.pipe.flush()

    def tell_learned(self) -> None:
        """Say what the pace knows: should we be killed, that much is not lost."""
        self.learning = False
        for learned in self.pace.learned():
            self.pipe.say(learned)


async def _heed(
    said: AsyncIterator[Said], stop: asyncio.Event, reporter: _Reporter, working: asyncio.Task[None] | None
) -> None:
    async for word in said:
        match word:
            case Order():
                stop.set()
                if word is Order.AT_ONCE and working:
                    working.cancel()
            case LimitMet():
                reporter.hear(word)
            case _:
                _share(word, reporter.pace)
    stop.set()  # the parent is gone, and nobody is there to stop us any more


def _share(word: Said, pace: Pace) -> None:
    match word:
        case Grant():
            pace.grant(word)
        case Extended(ends):
            pace.extend(ends)
        case Learned():
            pace.level(word)


async def _report(reporter: _Reporter) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY)
        reporter.tell()
