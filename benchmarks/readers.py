"""Readers who come at a steady rate: `python -m benchmarks.readers PORT RATE REQUESTS`.

REQUESTS is a file with a JSON list of requests as they go over the wire (RFC 9112); each is sent once, RATE
a second, over connections that are kept. How long an answer took counts from the moment at which its request
was due, so that whoever had to wait for a connection waited. Prints JSON: the seconds it took, the
milliseconds of each answer in order of length, which requests were not answered with 200, and how much CPU it
took itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

CONNECTIONS = 200
TICK = 0.001  # seconds
GOOD = b"HTTP/1.1 200 "


class Connection(asyncio.Protocol):
    """One connection: answers one request at a time."""

    def __init__(self, readers: Readers) -> None:
        self.readers = readers
        self.asked, self.due, self.came = 0, 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self.transport = transport
        self.readers.idle.append(self)

    def ask(self, number: int, request: bytes, due: float) -> None:
        """Send a request that was due then."""
        self.asked, self.due, self.came = number, due, b""
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take in an answer; be ready again when all of it is there."""
        self.came += data
        head, end, body = self.came.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length or 0):
            self.readers.answered(self, good=head.startswith(GOOD))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Be ready no more, for the server parts from who is idle; say if there will be no answer."""
        if self in self.readers.idle:
            self.readers.idle.remove(self)
        else:
            self.readers.unanswered(self)


class Readers:
    """All of them."""

    def __init__(self, requests: Sequence[bytes], rate: float) -> None:
        self.requests, self.rate = requests, rate
        self.idle: list[Connection] = []
        self.took: list[float] = []
        self.bad: list[int] = []

    def answered(self, connection: Connection, *, good: bool) -> None:
        """Take note of an answer."""
        self.took.append(time.perf_counter() - connection.due)
        if not good:
            self.bad.append(connection.asked)
        self.idle.append(connection)

    def unanswered(self, connection: Connection) -> None:
        """Take note that none will come."""
        self.took.append(time.perf_counter() - connection.due)
        self.bad.append(connection.asked)

    async def come(self, port: int) -> float:
        """Ask for everything; return how many seconds that took."""
        loop = asyncio.get_running_loop()
        for _ in range(min(CONNECTIONS, len(self.requests))):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
        began, number = time.perf_counter(), 0
        while len(self.took) < len(self.requests):
            due = (time.perf_counter() - began) * self.rate
            while number < min(due, len(self.requests)) and self.idle:
                self.idle.pop().ask(number, self.requests[number], began + number / self.rate)
                number += 1
            await asyncio.sleep(TICK)
        return time.perf_counter() - began


def main(port: int, rate: float, file: Path) -> None:
    """Ask, and print what came of it."""
    requests = [each.encode() for each in json.loads(file.read_text())]
    readers = Readers(requests, rate)
    seconds = uvloop.run(readers.come(port))
    took = [each * 1000 for each in sorted(readers.took)]
    print(json.dumps({"seconds": seconds, "took": took, "bad": readers.bad, "cpu": time.process_time()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
