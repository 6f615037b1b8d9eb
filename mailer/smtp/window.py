"""How many messages to have under way on one connection: as many as the round trip needs, and no more.

Every message in the window is in doubt when the connection drops. So it grows only while a wider one
helps: as long as replies come about as fast as they did when the wire was empty, the wire has room; once
they come later, messages wait in some queue, ours or the server's, and more of them would only wait longer.
(The reasoning of TCP Vegas: Brakmo and Peterson, 1995.)
"""

from __future__ import annotations

BUSY = 0.75  # with a smaller share of the messages on the wire, a wider window isn't worth its doubt
CERTAIN = 2  # late replies in a row that are no accident
SPARE = 1  # messages that may wait in some queue before the window gets narrower


class Window:
    """The size for one connection, from 1 to `limit`; the time is whatever clock the caller has, in seconds.

    One message a round is timed: one that filled the window, so that a source which has less to send than
    the window takes makes no difference.
    """

    def __init__(self, limit: int) -> None:
        self.size = 1
        self._limit = max(1, limit)
        self._late = 0  # rounds in a row whose reply came late
        self._doubling = True  # until it was too wide for the first time
        self._shortest = float("inf")
        self._timed: int | None = None
        self._began = 0.0

    def filled(self, key: int, now: float) -> None:
        """The message `key` filled the window."""
        if self._timed is None:
            self._timed, self._began = key, now

    def answered(self, key: int, now: float) -> None:
        """The message `key` was answered."""
        if key != self._timed:
            return
        self._timed = None
        took = max(now - self._began, 1e-9)
        self._shortest = min(self._shortest, took)
        on_the_wire = self._shortest / took  # the share of the messages under way that isn't in some queue
        if on_the_wire > BUSY:
            self._late = 0
            self.size = min(self._limit, self.size * 2 if self._doubling else self.size + 1)
            return
        self._late += 1
        if self._late >= CERTAIN:
            self._doubling = False
            self.size -= self.size * (1 - on_the_wire) > SPARE

    def dry(self) -> None:
        """There was room and nothing to send: the source is the limit, or a rate is, and not the wire."""
        self.size = max(1, self.size // 2)
        self._timed = None
