"""A source of messages that lives in memory and remembers everything: for tests, trials and rehearsals."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Iterable, Sequence

from mailer.domain.outcome import Outcome, Untried
from mailer.smtp.ending import Ending
from mailer.smtp.envelope import Envelope


class Recording:
    """A `pool.Work` over a list. Untried messages are taken again, `tries` times altogether each.

    Where one connection more can't be had it goes on with those that are up.
    `log` holds what happened, in order: `("taken", key)`, `("handed", key)` and `("settled", key)`.
    """

    def __init__(self, envelopes: Iterable[Envelope], *, tries: int = 3) -> None:
        self.log: list[tuple[str, int]] = []
        self.outcomes: dict[int, Outcome] = {}
        self._most = sys.maxsize
        self._waiting = deque((envelope, tries) for envelope in envelopes)
        self._out: dict[int, tuple[Envelope, int]] = {}
        self._changed = asyncio.Event()

    def take(self, most: int) -> list[Envelope]:
        """Return the next messages, up to `most`."""
        taken: list[Envelope] = []
        while self._waiting and len(taken) < most:
            envelope, tries = self._waiting.popleft()
            self._out[envelope.key] = envelope, tries - 1
            self.log.append(("taken", envelope.key))
            taken.append(envelope)
        return taken

    async def wait(self) -> bool:
        """Wait for a message to come back; False once all are settled."""
        while self._out and not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        return bool(self._waiting)

    def handed(self, keys: Sequence[int]) -> bool:
        """Remember that these may have reached the server."""
        self.log += [("handed", key) for key in keys]
        return True

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Remember the outcomes; a key that isn't out is an error."""
        for key, outcome in results:
            envelope, tries = self._out.pop(key)
            self.log.append(("settled", key))
            self.outcomes[key] = outcome
            if isinstance(outcome, Untried) and tries:
                self._waiting.append((envelope, tries))
        self._changed.set()

    def connections(self) -> int:
        """Return how many connections there may be."""
        return self._most

    def connected(self, number: int) -> None:
        """Nothing is learned from it."""

    def turned_away(self, ending: Ending, there: int) -> float:  # noqa: ARG002
        """Have no more than are there; 0 seconds to wait."""
        self._most = min(self._most, there or self._most)
        return 0.0
