"""Worker processes that share one send, its ledger and its account, and the parent that watches them.

The parent forks them when everything is planned and proved, so that what it has read is in memory once. Each
has a journal, and connections to the database and the server, of its own. One pair of sockets joins it to the
parent: it says what it settled, which limits it met and how it ended; it is told to go and to stop, and
which limits the others met. When either side dies, however
it dies, the other one reads the end of the pipe.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from logging import getLogger

from mailer.domain.delivery import TRIED
from mailer.domain.learned import Learned, share_of
from mailer.domain.send import Send
from mailer.engine.dispatch import Dispatcher
from mailer.engine.pacing.pace import LimitMet, Pace
from mailer.engine.pacing.share import Grant, InUse
from mailer.engine.personaliser import Personaliser
from mailer.engine.pipe import Ended, Order, Pipe, Said, SettledMore
from mailer.engine.shared_limits import SharedLimits, Word
from mailer.engine.worker import Progress
from mailer.engine.worker_process import Task, live
from mailer.errors import PRECEDENCE, EveryoneRefused, ExitCode, MailerError
from mailer.ledger.queries import LedgerQueries

log = getLogger(__name__)

WORTHWHILE = 5000  # messages; fewer are sent before a second process would make itself felt
# By measurement (two processors, 100,000 messages of 30 KB, the server on the same machine) two processes
# send 1.5 times what one does, 1.7 times where each message is signed, for 10 % more CPU a message and 40 MB.
# All of them write to one ledger, so that more gain less and less, and each takes its memory.
MOST = 4
DEAL_EVERY = 0.5  # seconds


@dataclass(slots=True)
class WorkerProcess:
    """A worker process as its parent sees it: `settled` so far; `done` once it said that it ends well."""

    pid: int
    pipe: Pipe
    settled: int = 0
    done: bool = False
    error: MailerError | None = None

    @property
    def lost(self) -> bool:
        """Whether it ended without a word: killed, or by a fault of the program."""
        return not self.done and self.error is None

    async def attend(self, progress: Progress, hear: Callable[[Said], None]) -> None:
        """Take in what it says until it ends; what it learned of the account is for `hear`."""
        async for said in self.pipe.hear():
            match said:
                case SettledMore(number):
                    self.settled += number
                    progress(number)
                case Ended(error):
                    self.error, self.done = error, error is None
                case _:
                    hear(said)

    def reap(self) -> None:
        """Wait until the process is gone. It ends by itself once it reads the end of its pipe."""
        self.pipe.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@dataclass(slots=True)
class SharedShare:
    """A share of the account that all of the processes have together (`engine.pacing.asking.Holder`)."""

    shared: SharedLimits
    say: Callable[[Iterable[Word]], None]
    now: Callable[[], float]

    @property
    def tell(self) -> Callable[[LimitMet], None]:
        """What gets to know of refusals that one of them met."""
        return self.shared.tell

    @tell.setter
    def tell(self, tell: Callable[[LimitMet], None]) -> None:
        self.shared.tell = tell

    @property
    def part(self) -> float:
        """The part of the account that what they found out is of."""
        return self.shared.part

    def in_use(self, now: float) -> InUse:
        """Return what they have in use."""
        return self.shared.in_use(now)

    def grant(self, share: Grant) -> None:
        """Deal out among them what is theirs from now on."""
        self.say(self.shared.grant(share, self.now()))

    def extend(self, ends: float) -> None:
        """Let them have until then what was granted last."""
        self.say(self.shared.extend(ends))

    def hear(self, refusal: LimitMet) -> None:
        """Let all of them heed what another member was refused."""
        self.say(self.shared.hear(refusal))


@dataclass(slots=True)
class Workers:
    """The processes that share a send, waiting to be told to go."""

    dispatcher: Dispatcher
    send: Send
    personaliser: Personaliser
    clock: Callable[[], datetime]
    limit: int | None = None
    processes: list[WorkerProcess] = field(default_factory=list)
    known: list[Learned] = field(default_factory=list)
    shared: SharedLimits = field(init=False)

    async def work(self, stop: asyncio.Event, progress: Progress) -> None:
        """Have them send what is queued until none is left or `stop` is set.

        What one of them leaves that is killed or turned away is sent from this process. Raises the worst of
        what they raised; cancelled, it has them end at once, waits for them and raises CancelledError.
        """
        tried_before = self._tried()
        membership = self.dispatcher.membership(SharedShare(self.shared, self._tell, self._now), self.known)
        try:
            async with membership.kept():
                await self._watch(stop, progress)
        finally:
            found = membership.whole(self.shared.learned())
            self.dispatcher.remember(found, self.clock(), self.known)
        self.dispatcher.recover(self.clock())
        if faults := [process.error for process in self.processes if process.error]:
            worst = min(faults, key=lambda fault: PRECEDENCE.index(fault.exit_code))
            # The others had connections, so that one who got none is no reason to end.
            if not _one_had_no_place(worst) or not any(process.done for process in self.processes):
                raise worst
        settled = told = sum(process.settled for process in self.processes)
        if any(process.lost for process in self.processes):
            settled = max(told, self._tried() - tried_before)
            progress(settled - told)
        if not stop.is_set():
            await self._go_on(stop, settled, progress)

    async def part(self, place: int, pace: Pace, stop: asyncio.Event, progress: Progress) -> None:
        """Do the share of the process at `place` (from 0)."""
        number = self.shared.number
        limit = None if self.limit is None else share_of(self.limit, place, number)
        await dealt(self.dispatcher, place, number).run(
            self.send, self.personaliser, self.clock(), stop, limit=limit, progress=progress, pace=pace
        )

    async def _watch(self, stop: asyncio.Event, progress: Progress) -> None:
        tasks = [asyncio.create_task(self._attend(place, progress)) for place in range(len(self.processes))]
        chores = [asyncio.create_task(self._pass_on(stop)), asyncio.create_task(self._deal())]
        try:
            self._order(Order.GO)
            if tasks:
                await asyncio.wait(tasks)
        except asyncio.CancelledError:
            self._order(Order.AT_ONCE)
            await asyncio.wait(tasks)
            raise
        finally:
            for chore in chores:
                chore.cancel()
        for task in tasks:
            task.result()

    async def _attend(self, place: int, progress: Progress) -> None:
        process = self.processes[place]
        await process.attend(progress, lambda said: self._tell(self.shared.heard(place, said, self._now())))
        process.reap()
        self.shared.ended(place, lost=process.lost)
        how = "was lost" if process.lost else "ended"
        log.info("worker process %d %s, %d settled", process.pid, how, process.settled)
        if process.lost:
            print("\nA worker process was lost; the others go on.", file=sys.stderr)
        if process.error and not _one_had_no_place(process.error):
            self._order(Order.FINISH)  # it would be the same for all

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._order(Order.FINISH)

    async def _deal(self) -> None:
        while True:
            await asyncio.sleep(DEAL_EVERY)
            self._tell(self.shared.passed(self._now()))
            for process in self.processes:
                process.pipe.flush()

    def _order(self, order: Order) -> None:
        for process in self.processes:
            process.pipe.say(order)

    def _tell(self, words: Iterable[Word]) -> None:
        for place, said in words:
            if place < len(self.processes):
                self.processes[place].pipe.say(said)

    def _now(self) -> float:
        return self.clock().timestamp()

    def _tried(self) -> int:
        states = LedgerQueries(self.dispatcher.database).totals(self.send).states
        return sum(states.get(state, 0) for state in TRIED)

    async def _go_on(self, stop: asyncio.Event, settled: int, progress: Progress) -> None:
        left = None if self.limit is None else self.limit - settled
        if left is None or left > 0:
            await self.dispatcher.run(
                self.send, self.personaliser, self.clock(), stop, limit=left, progress=progress
            )


@contextmanager
def forked(workers: Workers, number: int) -> Iterator[Workers]:
    """Fork `number` processes, one for each connection that there may be at most.

    To be entered before there is an event loop or a thread. They begin when `workers` work, and are gone
    when the block is left. Where the system has no room for so many, there are fewer.
    """
    dispatcher, now = workers.dispatcher, workers.clock()
    workers.known = dispatcher.memory.recall(now)
    workers.shared = SharedLimits(
        number,
        dispatcher.rate,
        dispatcher.account.connections,
        workers.known,
        now.timestamp(),
    )
    # A connection to SQLite that crosses a fork breaks the locks of both sides.
    dispatcher.database.dispose()
    # What the collector never looks at is not written to, and stays shared.
    gc.freeze()
    try:
        with suppress(BlockingIOError):
            for place in range(workers.shared.number):
                workers.processes.append(_fork(workers, place))
        yield workers
    finally:
        gc.unfreeze()
        for process in workers.processes:
            process.reap()


def _fork(workers: Workers, place: int) -> WorkerProcess:
    pace = workers.shared.pace(place)
    return fork(lambda stop, progress: workers.part(place, pace, stop, progress), workers.processes, pace)


def fork(task: Task, elders: Iterable[WorkerProcess], pace: Pace | None = None) -> WorkerProcess:
    """Fork a process that does the task once it is told to; its `elders` were forked before it."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        live(theirs, [ours, *(elder.pipe for elder in elders)], task, pace)
    theirs.close()
    log.info("worker process %d started", pid)
    return WorkerProcess(pid, Pipe(ours))


def best_number(dispatcher: Dispatcher, messages: int, now: datetime) -> int:
    """Return how many processes send so many messages best on this machine."""
    # One process keeps to a limit better than several that share it, and the limit is what counts then.
    limited = dispatcher.rate or dispatcher.warmup or dispatcher.memory.recall(now)
    return 1 if limited or messages < WORTHWHILE else min(cores(), MOST, dispatcher.account.connections)


def _one_had_no_place(error: MailerError) -> bool:
    """Whether it is an error of one process only, which the others need not share."""
    return error.exit_code == ExitCode.AGAIN and not isinstance(error, EveryoneRefused)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def dealt(dispatcher: Dispatcher, place: int, number: int) -> Dispatcher:
    """Return the dispatcher with its share of the connections that the settings allow."""
    account = dispatcher.account
    connections = share_of(account.connections, place, number)
    return replace(dispatcher, account=replace(account, connections=connections))
