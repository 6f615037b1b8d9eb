"""The connections of one account: opened gradually, kept busy, replaced, and parted from in good order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, Protocol

from mailer.domain.outcome import Outcome, Stage, Untried
from mailer.smtp.account import Account, Timeouts
from mailer.smtp.channel import Channel
from mailer.smtp.connection import tls_context
from mailer.smtp.ending import Ending
from mailer.smtp.envelope import Envelope
from mailer.smtp.reconnecting import Allowance, Reaction, Reconnecting
from mailer.smtp.turn import Turn
from mailer.smtp.window import Moment


class Work(Protocol):
    """Where messages come from, and who keeps the record of them."""

    def take(self, most: int) -> Sequence[Envelope]:
        """Return the next messages to send, up to `most`; fewer when there are no more right now.

        If it raises it has taken none.
        """

    async def wait(self) -> bool:
        """Wait until `take` may give something again (True) or all work is done (False). May be cancelled."""

    def handed(self, keys: Sequence[int]) -> bool:
        """Called before the write that could complete these messages at the server. If it returns False, they
        aren't written and come back untried; if it raises, the delivery also ends with what it raised."""

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Called after each read of replies, and when a connection is lost, with what became of messages."""

    def connections(self) -> int:
        """Return how many connections there may be now; it may change at any time."""

    def connected(self, number: int) -> None:
        """Called with how many connections are up, whenever that has changed."""

    def turned_away(self, ending: Ending, there: int) -> float:
        """Called when one more connection besides the `there` that are up could not be had, or did not last.

        Return the seconds until another may be tried.
        """


async def deliver(
    work: Work,
    account: Account,
    stop: asyncio.Event | None = None,
    *,
    timeouts: Timeouts | None = None,
    reconnecting: Reconnecting | None = None,
) -> None:
    """Send everything that `work` gives over as many connections as it allows, `account.connections` at most.

    Returns when the work is done, or after `stop` is set and what was under way is settled. Every message
    taken is settled exactly once, also when this is cancelled or raises: AccountFault if a setting must
    change, ServerUnavailable if no connection can be had, and whatever `work` itself raises.
    """
    await _Pool(work, account, timeouts or Timeouts(), reconnecting or Reconnecting()).run(stop)


class _Pool:
    """Keeps as many channels as there is work for; the channels' `MessageSource`."""

    def __init__(self, work: Work, account: Account, timeouts: Timeouts, reconnecting: Reconnecting) -> None:
        self._work = work
        self._turn = Turn(work, self.failed)
        self._account = account
        self._timeouts = timeouts
        self._reconnecting = reconnecting
        self._context = tls_context(account)
        self._allowance = Allowance()
        self._none_before = 0.0  # when another connection may be tried, by the monotonic clock
        self._channels: list[Channel] = []
        self._parted: set[Channel] = set()  # ended, their sockets not gone yet
        self._openers: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[bool] | None = None
        self._next: list[Envelope] = []  # messages without a channel: the reason to open one
        self._failures = 0
        self._met = False  # the server let somebody in
        self._error: Exception | None = None
        self._leaving = False
        self._changed = asyncio.Event()

    async def run(self, stop: asyncio.Event | None) -> None:
        """Work until there is nothing left, then part."""
        chores = [asyncio.create_task(self._watch())]
        if stop is not None:
            chores.append(asyncio.create_task(self._heed(stop)))
        try:
            await self._work_off()
            await self._part()
        finally:
            for channel in list(self._channels):
                channel.abort("stopped")
            self._put_back()
            self._turn.end()
            await _cancel(*chores, *self._openers, self._asking)
            await self._wait_for_sockets()
        if self._error is not None:
            raise self._error

    # What the channels ask and tell.

    def moment(self) -> Moment:
        """Return when this turn began."""
        return self._turn.moment()

    def take(self, most: int) -> Sequence[Envelope]:
        """Return those that there are already, and the next ones."""
        if not self._next:
            return self._work.take(most)
        if len(self._next) < most:
            self._next += self._work.take(most - len(self._next))
        taken, self._next = self._next[:most], self._next[most:]
        return taken

    def writes(self, channel: Channel) -> None:
        """Let it write at the end of this turn."""
        self._turn.writes(channel)

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Pass it on at the end of this turn."""
        self._turn.settled(results)

    def changed(self, channel: Channel) -> None:
        """React to the end of a channel; see what can be done now."""
        if channel.ending is not None and channel in self._channels:
            self._channels.remove(channel)
            self._parted.add(channel)
            channel.gone.add_done_callback(lambda _: self._parted.discard(channel))
            if channel.was_ready:
                self._work.connected(self._up)
            self._react(channel)
        self._changed.set()

    def failed(self, error: Exception) -> None:
        """Let every channel end what is handed over and nothing more; the first error is the one to raise."""
        if self._error is None:
            self._error = error
            for channel in list(self._channels):
                channel.abandon("stopped by an error elsewhere")
        self._changed.set()

    # The work.

    async def _work_off(self) -> None:
        try:
            while self._step():
                await self._changed.wait()
                self._changed.clear()
        except Exception as error:
            self.failed(error)

    def _step(self) -> bool:
        """Do what can be done now; False when nothing is left to do but part."""
        if self._leaving or self._error or self._work_is_done():
            return False
        self._shed()
        while self._has_next():
            if idle := next((channel for channel in self._channels if channel.idle_since is not None), None):
                idle.wake()
            elif self._may_open():
                self._open_one()
            else:
                return True
        if self._asking is None:
            self._asking = asyncio.create_task(self._work.wait())
            self._asking.add_done_callback(lambda _: self._changed.set())
        return True

    def _has_next(self) -> bool:
        if not (self._next or self._error):
            self._next += self._work.take(1)
        return bool(self._next)

    def _work_is_done(self) -> bool:
        if self._asking is None or not self._asking.done():
            return False
        more = self._asking.result()
        self._asking = None
        return not more

    @property
    def _up(self) -> int:
        return sum(channel.ready for channel in self._channels)

    @property
    def _working(self) -> int:
        return sum(channel.ready and not channel.silent for channel in self._channels)

    @property
    def _limit(self) -> int:
        return min(self._work.connections(), self._account.connections)

    def _shed(self) -> None:
        """Part from connections that are more than there may be, from idle ones first."""
        staying = [c for c in self._channels if c.ready and not (c.parting or c.silent)]
        staying.sort(key=lambda channel: channel.idle_since is None)
        for channel in staying[: max(0, len(staying) - self._limit)]:
            channel.finish()

    def _may_open(self) -> bool:
        """Twice as many each time round, so that a server that wants fewer says so early.

        Those that have fallen silent stand in nobody's way as long as the settings allow more: their place
        may be free again, which the server knows and we can't.
        """
        if len(self._channels) >= self._account.connections or len(self._openers) >= max(1, self._working):
            return False
        return sum(not channel.silent for channel in self._channels) < self._limit

    def _open_one(self) -> None:
        channel = Channel(self._account, self, self._timeouts)
        channel.limit(self._allowance.most)
        self._channels.append(channel)
        pause = max(self._reconnecting.pause(self._failures), self._none_before - monotonic())
        opener = asyncio.create_task(self._open(channel, pause))
        self._openers.add(opener)
        opener.add_done_callback(self._opened)

    async def _open(self, channel: Channel, pause: float) -> None:
        await asyncio.sleep(pause)
        await channel.open(self._context)
        self._met = self._met or channel.was_ready
        if channel.ready:
            channel.window.follow(max((c.window for c in self._channels if c.ready), key=lambda w: w.size))
            self._work.connected(self._up)

    def _opened(self, opener: asyncio.Task[None]) -> None:
        self._openers.discard(opener)
        if not opener.cancelled() and isinstance(error := opener.exception(), Exception):
            self.failed(error)
        self._changed.set()

    def _react(self, channel: Channel) -> None:
        assert channel.ending is not None
        if channel.unchunked:
            self._account = replace(self._account, window=0)
        if self._allowance.learn(channel.ending, channel.answered):
            for other in self._channels:
                other.limit(self._allowance.most)
        useful = channel.answered > 0 or channel.unused
        reaction = self._reconnecting.react(
            channel.ending,
            self._failures,
            self._working,
            silent=self._up - self._working,
            met=self._met,
            ready=channel.was_ready,
            useful=useful,
        )
        if reaction is Reaction.STOP:
            self.failed(channel.ending.error(self._account))
        elif reaction is not Reaction.REPLACE:
            self._none_before = monotonic() + self._work.turned_away(channel.ending, self._up)
        self._failures = self._failures + 1 if reaction is Reaction.RETRY else 0 if useful else self._failures

    # The end.

    async def _part(self) -> None:
        """Let what is under way end, say QUIT everywhere."""
        self._put_back()
        await _cancel(*self._openers)
        for channel in list(self._channels):
            if channel.ready:
                channel.finish()
            else:
                channel.abort("stopped while connecting")
        while self._channels:
            await self._changed.wait()
            self._changed.clear()

    def _put_back(self) -> None:
        untried, self._next = self._next, []
        if untried:
            outcome = Untried(str(self._error) if self._error else "stopped", Stage.CONNECT)
            self.settled([(envelope.key, outcome) for envelope in untried])

    async def _wait_for_sockets(self) -> None:
        if self._parted:
            await asyncio.wait([channel.gone for channel in self._parted], timeout=self._timeouts.quit)
        for channel in list(self._parted):
            channel.drop()

    # The clock and the stop event.

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._timeouts.tick)
            now = monotonic()
            for channel in list(self._channels):
                channel.check(now)
            self._changed.set()  # how many connections there may be changes with time

    async def _heed(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._leaving = True
        self._changed.set()


async def _cancel(*tasks: asyncio.Task[Any] | None) -> None:
    there = [task for task in tasks if task is not None]
    for task in there:
        task.cancel()
    await asyncio.gather(*there, return_exceptions=True)
