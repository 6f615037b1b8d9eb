"""A source of messages that lives in memory and remembers everything: for tests, trials and rehearsals."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from mailer.domain.outcome import Outcome, Untried
from mailer.smtp.envelope import Envelope


class Recording:
    """A `pool.Work` over a list. Untried messages are taken again, `tries` times altogether each.

    `log` holds what happened, in order: `("taken", key)`, `("handed", key)` and `("settled", key)`.
    """

    def __init__(self, envelopes: Iterable[Envelope], *, tries: int = 3) -> None:
        self.log: list[tuple[str, int]] = []
        self.outcomes: dict[int, Outcome] = {}
        self._waiting = deque((envelope, tries) for envelope in envelopes)
        self._out: dict[int, tuple[Envelope, int]] = {}
        self._changed = asyncio.Event()

    def take(self) -> Envelope | None:
        """Return the next message, or None."""
        if not self._waiting:
            return None
        envelope, tries = self._waiting.popleft()
        self._out[envelope.key] = envelope, tries - 1
        self.log.append(("taken", envelope.key))
        return envelope

    async def wait(self) -> bool:
        """Wait for a message to come back; False once all are settled."""
        while self._out and not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        return bool(self._waiting)

    def handed(self, keys: Sequence[int]) -> None:
        """Remember that these may have reached the server."""
        self.log += [("handed", key) for key in keys]

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Remember the outcomes; a key that isn't out is an error."""
        for key, outcome in results:
            envelope, tries = self._out.pop(key)
            self.log.append(("settled", key))
            self.outcomes[key] = outcome
            if isinstance(outcome, Untried) and tries:
                self._waiting.append((envelope, tries))
        self._changed.set()
