"""The server that pages run in: it stops when told, and cuts off whoever sends a request too slowly."""

from __future__ import annotations

import asyncio
import signal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE = 20.0  # seconds for a request to arrive, body and all
MOST = 200  # connections whose request has not arrived; of more, the one that has waited longest is cut off
MOST_HEAD = 1 << 16  # octets before the body, and what is read with them
MOST_OCTETS = 1 << 23  # of a whole request; what its endpoint doesn't read is read past


def http_server(app: ASGIApp, patience: float = PATIENCE, most: int = MOST) -> uvicorn.Server:
    """Return a server for `app` that SIGINT and SIGTERM stop with exit code 0, after the requests it has.

    A request has `patience` seconds to arrive, and at most so many connections may be waited for at once.
    """
    pending = PendingRequests(patience, most)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            # By measurement half of what an answer costs by h11.
            http=type("TimedProtocol", (TimedProtocol,), {"pending": pending}),
            lifespan="on",
            log_config=None,
            access_log=False,  # it would log addresses, and so tokens
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn hears signals while it runs and raises them again when it has stopped: this hears those.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return server


class PendingRequests:
    """The connections of one server whose next request has not arrived yet, the oldest first."""

    def __init__(self, patience: float, most: int) -> None:
        self._patience = patience
        self._most = most
        self._timers: dict[TimedProtocol, asyncio.TimerHandle] = {}

    def wait_for(self, connection: TimedProtocol) -> None:
        """Wait for the next request of `connection`, if it isn't waited for already."""
        if connection not in self._timers:
            timer = connection.loop.call_later(self._patience, self._cut_off, connection)
            self._timers[connection] = timer
            if len(self._timers) > self._most:
                self._cut_off(next(iter(self._timers)))

    def let_go(self, connection: TimedProtocol) -> None:
        """Wait for it no longer: its request is there, or it is gone."""
        if timer := self._timers.pop(connection, None):
            timer.cancel()

    def _cut_off(self, connection: TimedProtocol) -> None:
        self.let_go(connection)
        connection.transport.abort()


class TimedProtocol(HttpToolsProtocol):
    """A connection as uvicorn keeps it, whose requests have to arrive in time and within bounds."""

    pending: PendingRequests
    _octets = 0  # of the request that arrives
    _most = MOST_HEAD

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.pending.wait_for(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self.pending.let_go(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._octets += len(data)
        super().data_received(data)
        if self._octets > self._most:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """Let a body follow, which the endpoint reads as much of as it likes."""
        self._most = MOST_OCTETS
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take a request for arrived; where its answer is on its way already, wait for the next."""
        self._octets, self._most = 0, MOST_HEAD
        super().on_message_complete()
        self.pending.let_go(self)
        if self.cycle.response_complete:
            self.pending.wait_for(self)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.pending.wait_for(self)
