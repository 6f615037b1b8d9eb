"""Requests have to arrive: whoever sends one octet by octet, or none at all, is cut off."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 20.0  # seconds for a request to arrive, body and all
MOST = 200  # connections whose request has not arrived; of more, the one that has waited longest is cut off


class Arrivals:
    """The connections of one server whose next request has not arrived yet, the oldest first."""

    def __init__(self, patience: float, most: int) -> None:
        self._patience = patience
        self._most = most
        self._timers: dict[Prompt, asyncio.TimerHandle] = {}

    def look_at(self, connection: Prompt) -> None:
        """Take in what `connection` has received so far."""
        if connection.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self.let_go(connection)
        elif connection not in self._timers:
            timer = connection.loop.call_later(self._patience, self._cut_off, connection)
            self._timers[connection] = timer
            if len(self._timers) > self._most:
                self._cut_off(next(iter(self._timers)))

    def let_go(self, connection: Prompt) -> None:
        """Wait for it no longer: its request is there, or it is gone."""
        if timer := self._timers.pop(connection, None):
            timer.cancel()

    def _cut_off(self, connection: Prompt) -> None:
        self.let_go(connection)
        connection.transport.abort()


class Prompt(H11Protocol):
    """A connection as uvicorn keeps it, whose requests are awaited among `arrivals`."""

    arrivals: Arrivals

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.arrivals.look_at(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self.arrivals.let_go(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take in what came."""
        super().handle_events()
        self.arrivals.look_at(self)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.arrivals.look_at(self)


def prompt(patience: float, most: int) -> type[Prompt]:
    """Return the protocol of one server, which waits so many seconds, and for so many at once."""
    return type("Prompt", (Prompt,), {"arrivals": Arrivals(patience, most)})
