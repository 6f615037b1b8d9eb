"""When to try again. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Wait 15 min, then 1 h, 4 h, 16 h, 16 h ...; give up when `limit` has passed since the first attempt."""

    first: timedelta = timedelta(minutes=15)
    factor: int = 4
    longest: timedelta = timedelta(hours=16)
    limit: timedelta = timedelta(hours=72)

    def next_attempt(self, attempts: int, since: datetime, now: datetime) -> datetime | None:
        """Return when to try again after so many attempts (from 1), the first at `since`; None: give up."""
        pause = min(self.first * self.factor ** min(attempts - 1, 9), self.longest)
        return None if now + pause - since > self.limit else now + pause
