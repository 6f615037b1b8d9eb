"""One turn of the event loop: what all connections read is told in one call, and so is what all will write.

Keeping the record costs a system call each time, whatever the number of messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from mailer.domain.outcome import Outcome
from mailer.smtp.window import Moment

# Messages grow cold in the processor's caches when many are made before the first is written.
MANY = 8  # pieces, one or two a message


class Writer(Protocol):
    """A channel with something to write."""

    @property
    def waiting(self) -> int:
        """How many pieces it has to write."""

    @property
    def completing(self) -> Sequence[int]:
        """The messages that may reach the server by what it has to write."""

    def write(self) -> None:
        """Write it."""

    def withhold(self) -> None:
        """Take back the messages that it would complete, as `Recorder.handed` wants them back."""


class Recorder(Protocol):
    """Who has to know."""

    def handed(self, keys: Sequence[int]) -> bool:
        """These may reach the server from now on; if this returns False or raises they don't."""

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """This became of them."""


class Turn:
    """Collects until the event loop has seen to every connection once; `failed` gets what `record` raises.

    Between two turns the process waits for whatever comes next.
    """

    def __init__(
        self,
        record: Recorder,
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._record = record
        self._failed = failed
        self._results: list[tuple[int, Outcome]] = []
        self._writers: dict[Writer, None] = {}  # each once, in order
        self._waiting = 0  # pieces
        self._coming: asyncio.Handle | None = None
        self._began: Moment | None = None
        self._waited = 0.0  # seconds between the turns
        self._clock = clock
        self._ended = clock()

    def moment(self) -> Moment:
        """Return when this turn began, which is now if it hasn't yet."""
        if self._began is None:
            now = self._clock()
            self._waited += now - self._ended
            self._began = Moment(now, self._waited)
            self._plan()
        return self._began

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Tell this at the end of the turn."""
        self._results += results
        self._plan()

    def writes(self, writer: Writer) -> None:
        """Let it write at the end of the turn, once that is recorded."""
        self._writers[writer] = None
        self._waiting += writer.waiting
        if self._waiting >= MANY:
            self.end()
        else:
            self._plan()

    def end(self) -> None:
        """Tell and write what there is to."""
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None
        results, self._results = self._results, []
        writers, self._writers = self._writers, {}
        self._waiting = 0
        may_go = True
        try:
            if results:
                self._record.settled(results)
            if keys := [key for writer in writers for key in writer.completing]:
                may_go = self._record.handed(keys)
        except Exception as error:
            # By this they take back what they had to write.
            self._failed(error)
        for writer in writers:
            if may_go or not writer.completing:
                writer.write()
            else:
                writer.withhold()
        self._began, self._ended = None, self._clock()

    def _plan(self) -> None:
        if self._coming is None:
            self._coming = asyncio.get_running_loop().call_soon(self.end)
