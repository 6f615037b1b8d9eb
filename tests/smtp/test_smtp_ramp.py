"""How many round trips it takes until all connections are up and their windows open."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from dialogue import letter

from mailer.domain.outcome import Accepted
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("each_loop")]

TRIP = 0.02  # seconds
LULL = 0.01  # seconds without an octet from anywhere: all have said what they had to say
EHLO = b"250-far.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"


class FarServer:
    """A server whose answers to whatever was said come back together: counts these round trips."""

    def __init__(self) -> None:
        self.trips = 0
        self.connections: list[int] = []  # by trip: how many there were
        self.carried: list[int] = []  # by trip: how many messages were answered in it
        self.said = asyncio.Event()
        self.talks: list[Talk] = []

    async def run(self) -> None:
        while True:
            await self.said.wait()
            await asyncio.sleep(TRIP)
            while self.said.is_set():
                self.said.clear()
                await asyncio.sleep(LULL)
            self.trips += 1
            self.connections.append(len(self.talks))
            self.carried.append(sum([talk.answer() for talk in self.talks]))


class Talk(asyncio.Protocol):
    def __init__(self, server: FarServer) -> None:
        self.server = server
        self.octets = b""
        self.greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.server.talks.append(self)
        self.server.said.set()

    def data_received(self, data: bytes) -> None:
        self.octets += data
        self.server.said.set()

    def answer(self) -> int:
        """Answer all that was said; return how many messages were in it."""
        replies = [] if self.greeted else [b"220 far.test\r\n"]
        self.greeted, messages, verb = True, 0, b""
        while self.octets:
            line, _, self.octets = self.octets.partition(b"\r\n")
            verb, *words = line.split()
            if verb == b"BDAT":
                self.octets = self.octets[int(words[0]) :]
                messages += 1
            replies.append(EHLO if verb == b"EHLO" else b"250 ok\r\n")
        self.transport.write(b"".join(replies))
        if verb == b"QUIT":
            self.transport.close()
        return messages

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.talks.remove(self)


def send(count: int) -> FarServer:
    """Send so many over 20 connections."""
    work = Recording(letter(key) for key in range(1, count + 1))

    async def main() -> FarServer:
        far = FarServer()
        there = await asyncio.get_running_loop().create_server(lambda: Talk(far), "127.0.0.1", 0)
        running = asyncio.create_task(far.run())
        async with there, asyncio.timeout(60):
            port = there.sockets[0].getsockname()[1]
            await deliver(work, Account("127.0.0.1", port, "none", connections=20))
        running.cancel()
        return far

    far = asyncio.run(main())
    assert sum(isinstance(outcome, Accepted) for outcome in work.outcomes.values()) == count
    return far


def test_a_new_connection_begins_with_the_window_that_others_have() -> None:
    # Twice as many connections every second trip, and each begins with one message alone.
    far = send(1200)
    assert far.connections[:10] == [1, 1, 2, 2, 4, 4, 8, 8, 16, 16]
    assert sum(far.carried[:12]) > 500
