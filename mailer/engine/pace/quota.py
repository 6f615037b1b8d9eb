"""A limit by the hour or the day: what is left of it, and until when nothing may go once it is used up.

A window begins with its first message and lasts its whole period. That holds for a provider that looks back
24 hours and for one that counts from midnight alike: at the end of such a window either has forgotten its
first messages.
"""

from __future__ import annotations

from mailer.domain.learned import QuotaFound


class Quota:
    """One quota, known or not. A window is followed from the first message on, in case a refusal comes."""

    __slots__ = ("_number", "_parked_until", "_period", "_refusals", "_since", "_used")

    def __init__(self, found: QuotaFound | None = None) -> None:
        self._number = found.number if found else 0
        self._period = found.period if found else 0.0
        self._since = found.since if found else 0.0
        self._used = found.used if found else 0
        self._parked_until = found.parked_until if found else 0.0
        self._refusals = 0  # in a row

    @property
    def limited(self) -> bool:
        """Whether there is a limit to heed."""
        return self._period > 0

    def found(self) -> QuotaFound | None:
        """Return what is worth remembering."""
        if not self._period:
            return None
        return QuotaFound(self._number, self._period, self._since, self._used, self._parked_until)

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        if not self._period:
            return 0.0
        if now < self._parked_until:
            return self._parked_until - now
        if now - self._since >= self._period:
            return 0.0  # the next message begins a new window
        if self._number and self._used >= self._number:
            return self._since + self._period - now
        return 0.0

    def spent(self, now: float, number: int = 1) -> None:
        """Count messages that go now."""
        if not self._since or (self._period and now - self._since >= self._period):
            self._since, self._used = now, 0
        self._used += number

    def accepted(self) -> None:
        """Something got through."""
        self._refusals = 0

    def refused(self, now: float, period: float, used: int | None = None) -> float:
        """Stop until the window ends; return the seconds until then. One message was refused.

        `used`: how many went through in this window, where somebody knows better than we.
        """
        if now < self._parked_until:
            return self._parked_until - now
        through = max(self._used - 1, 0) if used is None else used
        self._period = period
        end = self._since + period
        if through and end > now:
            self._number = through
        else:
            # Somebody else uses it up, or its window isn't ours: look again a few times a period.
            end = now + period / 24 * 2 ** min(self._refusals, 3)
        self._refusals += 1
        self._parked_until = end
        return end - now
