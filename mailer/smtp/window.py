"""How many messages to have under way on one connection: as many as are of use, and no more.

Every message in the window is in doubt when the connection drops. So it grows only while a wider one
helps: as long as replies come about as fast as they did when the wire was empty, the wire has room; once
they come later, messages wait in some queue, and more of them would only wait longer.
(The reasoning of TCP Vegas: Brakmo and Peterson, 1995.)

Only what was waited for counts as late. While this process is at work, filling messages or keeping the
record, replies lie there unread; the queue is ours then, and a wider window makes it shorter, because
what is done once a waking is done for more messages.
"""

from __future__ import annotations

from typing import NamedTuple

QUEUED = 0.25  # with a larger share of the messages in a queue, a wider window isn't worth its doubt
CERTAIN = 2  # late replies in a row that are no accident
SPARE = 1  # messages that may wait in some queue before the window gets narrower


class Moment(NamedTuple):
    """`now` by whatever clock, and of the time until then how long there was nothing to do; in seconds."""

    now: float
    waited: float


class Window:
    """The size for one connection, from 1 to `limit`.

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
        self._began = Moment(0, 0)

    def follow(self, other: Window) -> None:
        """Begin with what `other` found out, the window of another connection to the same server."""
        self.size = max(self.size, min(self._limit, other.size))
        self._shortest = min(self._shortest, other._shortest)
        self._doubling = self._doubling and other._doubling

    def filled(self, key: int, began: Moment) -> None:
        """The message `key` filled the window; `began` is when this process set about filling it."""
        if self._timed is None:
            self._timed, self._began = key, began

    def answered(self, key: int, read: Moment) -> None:
        """The message `key` was answered."""
        if key != self._timed:
            return
        self._timed = None
        took = max(read.now - self._began.now, 1e-9)
        self._shortest = min(self._shortest, took)
        late = read.waited - self._began.waited - self._shortest
        queued = late / took  # by Little's law the share of the messages under way that is in others' queues
        if queued < QUEUED:
            self._late = 0
            self.size = min(self._limit, self.size * 2 if self._doubling else self.size + 1)
            return
        self._late += 1
        if self._late >= CERTAIN:
            self._doubling = False
            self.size -= self.size * queued > SPARE

    def dry(self) -> None:
        """There was room and nothing to send: the source is the limit, or a rate is, and not the wire."""
        self.size = max(1, self.size // 2)
        self._timed = None
