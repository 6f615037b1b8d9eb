"""The server that pages run in: it stops when told, and cuts off whoever sends a request too slowly."""

from __future__ import annotations

import asyncio
import signal

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 20.0  # seconds for a request to arrive, body and all
MOST = 200  # connections whose request has not arrived; of more, the one that has waited longest is cut off


def http_server(app: ASGIApp, patience: float = PATIENCE, most: int = MOST) -> uvicorn.Server:
    """Return a server for `app` that SIGINT and SIGTERM stop with exit code 0, after the requests it has.

    A request has `patience` seconds to arrive, and at most so many connections may be waited for at once.
    """
    pending = PendingRequests(patience, most)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=type("TimedProtocol", (TimedProtocol,), {"pending": pending}),
            lifespan="off",
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

    def look_at(self, connection: TimedProtocol) -> None:
        """Take in what `connection` has received so far."""
        if connection.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self.let_go(connection)
        elif connection not in self._timers:
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


class TimedProtocol(H11Protocol):
    """A connection as uvicorn keeps it, whose requests have to arrive in time."""

    pending: PendingRequests

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.pending.look_at(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self.pending.let_go(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take in what came."""
        super().handle_events()
        self.pending.look_at(self)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.pending.look_at(self)
