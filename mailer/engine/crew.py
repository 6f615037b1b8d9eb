"""A crew: worker processes that share one send, its ledger and its account, and the parent that watches them.

The parent forks them when everything is planned and proved, so that what it has read is in memory once. Each
has a journal, and connections to the database and the server, of its own. One pair of sockets joins it to the
parent: it says what it settled and how it ended, it is told to go and to stop. When either side dies, however
it dies, the other one reads the end of the line.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailer import errors
from mailer.domain.delivery import State
from mailer.engine.correspondence import Correspondence
from mailer.engine.dispatch import Dispatcher
from mailer.engine.hand import AT_ONCE, FINISH, GO, live
from mailer.engine.worker import Progress
from mailer.errors import PRECEDENCE, ExitCode, MailerError
from mailer.storage.accounts import Accounts
from mailer.storage.send import Send

WORTHWHILE = 5000  # messages; fewer are sent before a second process would make itself felt
# By measurement (two processors, 100,000 messages of 30 KB, the server on the same machine) two processes
# send 1.5 times what one does, 1.7 times where each message is signed, for 10 % more CPU a message and 40 MB.
# All of them write to one ledger, so that more gain less and less, and each takes its memory.
MOST = 4
TRIED = (State.ACCEPTED, State.FAILED, State.DEFERRED, State.UNCERTAIN)


@dataclass(slots=True)
class Hand:
    """A worker process as its parent sees it: `settled` so far; `done` once it said that it ends well."""

    pid: int
    line: socket.socket
    settled: int = 0
    done: bool = False
    error: MailerError | None = None

    @property
    def lost(self) -> bool:
        """Whether it ended without a word: killed, or by a fault of the program."""
        return not self.done and self.error is None

    def order(self, order: bytes) -> None:
        """Tell it; to one that is gone there is nothing to tell."""
        with suppress(OSError):
            self.line.send(order)

    async def attend(self, progress: Progress) -> None:
        """Take in what it says until it ends."""
        loop, rest = asyncio.get_running_loop(), b""
        with suppress(ConnectionResetError):
            while said := await loop.sock_recv(self.line, 4096):
                *lines, rest = (rest + said).split(b"\n")
                for line in lines:
                    self._hear(json.loads(line), progress)

    def _hear(self, said: int | dict[str, str], progress: Progress) -> None:
        if isinstance(said, int):
            self.settled += said
            progress(said)
        elif said:
            self.error = _error_from(said)
        else:
            self.done = True

    def reap(self) -> None:
        """Wait until the process is gone. It ends by itself once it reads the end of its line."""
        self.line.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@dataclass(slots=True)
class Crew:
    """The hands that share a send, waiting to be told to go."""

    dispatcher: Dispatcher
    send: Send
    correspondence: Correspondence
    clock: Callable[[], datetime]
    limit: int | None = None
    hands: list[Hand] = field(default_factory=list)

    async def work(self, stop: asyncio.Event, progress: Progress) -> None:
        """Have the hands send what is queued until none is left or `stop` is set.

        What a hand leaves that is killed or turned away is sent from this process. Raises the worst of what
        the hands raised; cancelled, it has them end at once, waits for them and raises CancelledError.
        """
        tried_before = self._tried()
        await self._watch(stop, progress)
        self.dispatcher.recover(self.clock())
        if faults := [hand.error for hand in self.hands if hand.error]:
            worst = min(faults, key=lambda fault: PRECEDENCE.index(fault.exit_code))
            # The others had connections, so that one who got none is no reason to end.
            if worst.exit_code != ExitCode.AGAIN or not any(hand.done for hand in self.hands):
                raise worst
        settled = told = sum(hand.settled for hand in self.hands)
        if any(hand.lost for hand in self.hands):
            settled = max(told, self._tried() - tried_before)
            progress(settled - told)
        if not stop.is_set():
            await self._go_on(stop, settled, progress)

    async def part(self, place: int, number: int, stop: asyncio.Event, progress: Progress) -> None:
        """Do the share of the one at `place` (from 0) among `number` hands."""
        limit = None if self.limit is None else share_of(self.limit, place, number)
        await dealt(self.dispatcher, place, number).run(
            self.send, self.correspondence, self.clock(), stop, limit=limit, progress=progress
        )

    async def _watch(self, stop: asyncio.Event, progress: Progress) -> None:
        tasks = [asyncio.create_task(self._attend(hand, progress)) for hand in self.hands]
        heed = asyncio.create_task(self._pass_on(stop))
        try:
            self._order(GO)
            if tasks:
                await asyncio.wait(tasks)
        except asyncio.CancelledError:
            self._order(AT_ONCE)
            await asyncio.wait(tasks)
            raise
        finally:
            heed.cancel()
        for task in tasks:
            task.result()

    async def _attend(self, hand: Hand, progress: Progress) -> None:
        await hand.attend(progress)
        hand.reap()
        if hand.lost:
            print("\nA worker process was lost; the others go on.", file=sys.stderr)
        if hand.error and hand.error.exit_code != ExitCode.AGAIN:
            self._order(FINISH)  # it would be the same for all

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._order(FINISH)

    def _order(self, order: bytes) -> None:
        for hand in self.hands:
            hand.order(order)

    def _tried(self) -> int:
        states = Accounts(self.dispatcher.database).totals(self.send).states
        return sum(states.get(state, 0) for state in TRIED)

    async def _go_on(self, stop: asyncio.Event, settled: int, progress: Progress) -> None:
        left = None if self.limit is None else self.limit - settled
        if left is None or left > 0:
            await self.dispatcher.run(
                self.send, self.correspondence, self.clock(), stop, limit=left, progress=progress
            )


@contextmanager
def hired(crew: Crew, workers: int) -> Iterator[Crew]:
    """Fork `workers` processes for `crew`, one for each connection of the account at most.

    To be entered before there is an event loop or a thread. They begin when the crew works, and are gone
    when the block is left. Where the system has no room for so many, there are fewer.
    """
    # A connection to SQLite that crosses a fork breaks the locks of both sides.
    crew.dispatcher.database.dispose()
    # What the collector never looks at is not written to, and stays shared.
    gc.freeze()
    number = min(workers, crew.dispatcher.account.connections)
    try:
        with suppress(BlockingIOError):
            for place in range(number):
                crew.hands.append(_fork(crew, place, number))
        yield crew
    finally:
        gc.unfreeze()
        for hand in crew.hands:
            hand.reap()


def _fork(crew: Crew, place: int, number: int) -> Hand:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        parents = [ours, *(hand.line for hand in crew.hands)]
        live(theirs, parents, lambda stop, progress: crew.part(place, number, stop, progress))
    theirs.close()
    ours.setblocking(False)
    return Hand(pid, ours)


def share_of(total: int, place: int, number: int) -> int:
    """Return the share of the one at `place` (from 0) when `total` is dealt out among `number`."""
    return total // number + (place < total % number)


def _error_from(said: dict[str, str]) -> MailerError:
    kind = getattr(errors, said["kind"], MailerError)
    error: MailerError = MailerError.__new__(kind)
    MailerError.__init__(error, said["problem"], next_step=said["next_step"])
    return error


def best_number(dispatcher: Dispatcher, messages: int, now: datetime) -> int:
    """Return how many processes send so many messages best on this machine."""
    # One process keeps to a limit better than several that share it, and the limit is what counts then.
    limited = dispatcher.rate or dispatcher.warmup or dispatcher.memory.recall(now)
    return 1 if limited or messages < WORTHWHILE else min(_cores(), MOST, dispatcher.account.connections)


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def dealt(dispatcher: Dispatcher, place: int, number: int) -> Dispatcher:
    """Return the dispatcher with its share of connections, of the rate, and of the limits that are known."""
    account = dispatcher.account
    return replace(
        dispatcher,
        account=replace(account, connections=share_of(account.connections, place, number)),
        rate=dispatcher.rate / number,
        share=dispatcher.share / number,
    )
