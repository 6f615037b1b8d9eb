"""How many connections at once: one fewer at each complaint, one more after a good while without."""

from __future__ import annotations

from random import Random
from typing import Any

PAUSES = (1.0, 60.0)  # seconds before another connection is tried, doubling at each complaint in a row
REGROW = (60.0, 3600.0)  # seconds until one more is tried; doubles whenever that one was refused


class Concurrency:
    """Connections to one account. `most` is what the settings allow, `found` what was learned before."""

    def __init__(self, most: int, found: int | None = None, random: Random | None = None) -> None:
        self._most = most
        self._limit = min(most, found or most)
        self._random = random or Random()  # noqa: S311  # jitter only
        self._regrow = REGROW[0]
        self._grown = False
        self._quiet_until = 0.0
        self._grow_at = float("inf")
        self._complaints = 0
        self.up = 0
        self.found = found

    def limit(self, now: float) -> int:
        """Return how many connections there may be at most."""
        if self._limit < self._most:
            if self._grow_at == float("inf"):
                self._grow_at = now + self._regrow
            elif now >= self._grow_at:
                self._limit += 1
                self._grown = True
                self._grow_at = now + self._regrow
        return self._limit

    def allow(self, number: int) -> None:
        """Have so many from now on: whoever deals them out sees to the rest."""
        self._most = self._limit = number
        self._grow_at = float("inf")

    def within(self, most: int) -> None:
        """Let the settings allow so many from now on; what was learned stays."""
        if self._limit == self._most:
            self._limit = most  # nothing is known that allows fewer
        self._most, self._limit = most, min(most, self._limit)

    def refused(self, now: float, there: int | None = None, *, said: bool = True) -> float:
        """One too many: `there` others are up. Return the seconds to wait before opening another.

        `there` is None where one that is up was told so. `said` is whether the server spoke of connections:
        a guess holds for this run, and is not worth remembering. Complaints that come together count once:
        they answer connections that were opened together.
        """
        fresh = now >= self._quiet_until
        if fresh:
            self._regrow = min(self._regrow * 2, REGROW[1]) if self._grown else REGROW[0]
            self._grown = False
            self._complaints += 1
        if there is None:
            there = min(self._limit - fresh, self.up or self._limit)
        self._limit = min(self._limit, max(1, there))
        if said:
            self.found = self._limit
        self._grow_at = now + self._regrow
        pause = min(PAUSES[0] * 2.0 ** max(self._complaints - 1, 0), PAUSES[1])
        self._quiet_until = now + pause
        return pause * self._random.uniform(1.0, 2.0)

    def connected(self, number: int) -> None:
        """So many are up now. That more than were found are up unfound the limit; all of them, any limit."""
        if number > self.up:
            self._complaints = 0
            if self.found is not None and self.found < number <= self._limit:
                self.found = number if number < self._most else None
        self.up = number

    def dump(self) -> dict[str, Any]:
        """Return all that it knows, to be kept."""
        return {name: value for name, value in vars(self).items() if name != "_random"}

    @classmethod
    def load(cls, known: dict[str, Any]) -> Concurrency:
        """Return one that knows what `dump` returned."""
        loaded = cls(1)
        vars(loaded).update(known)
        return loaded
