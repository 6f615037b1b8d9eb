"""Notices that the clock was set: it went on by another time than passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.durations import about

JUMP = timedelta(minutes=1)  # less is a clock that is being corrected, or a busy machine
FORWARD = (
    "The clock went on by {} more than the time that passed: it was set, or this machine slept. "
    "What fell due meanwhile goes out, unless it is later than SCHEDULE_GRACE."
)
BACK = "The clock was set back by {}. What went out before stays sent: nothing goes out a second time."


@dataclass(slots=True)
class ClockWatch:
    """Compares the clock with time that passes, from one look to the next."""

    _before: tuple[datetime, float] | None = None

    def look(self, now: datetime, passed: float) -> str:
        """Return what to say of the clock, which shows `now` (aware) at `passed` seconds; mostly nothing."""
        before, self._before = self._before, (now, passed)
        if before is None:
            return ""
        jump = (now - before[0]) - timedelta(seconds=passed - before[1])
        if abs(jump) < JUMP:
            return ""
        words = FORWARD if jump > timedelta() else BACK
        return words.format(about(abs(jump)).removeprefix("in "))
