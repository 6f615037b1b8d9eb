"""A limit by the hour or the day: what is left of it, and until when nothing may go once it is used up.

A window begins with its first message and lasts its whole period. That holds for a provider that looks back
24 hours and for one that counts from midnight alike: at the end of such a window either has forgotten its
first messages.
"""

from __future__ import annotations

from mailer.domain.learned import QuotaFound

GRACE = 1.001  # periods until a window is over: clocks differ, and messages don't all take the same time


class Quota:
    """One quota, known or not. A window is followed from the first message on, in case a refusal comes."""

    __slots__ = ("_number", "_out", "_parked_until", "_passed", "_period", "_refusals", "_since")

    def __init__(self, found: QuotaFound | None = None) -> None:
        self._number = found.number if found else 0
        self._period = found.period if found else 0.0
        self._since = found.since if found else 0.0
        self._passed = found.used if found else 0
        self._parked_until = found.parked_until if found else 0.0
        self._out = 0  # on their way, not answered yet
        self._refusals = 0  # in a row

    @property
    def limited(self) -> bool:
        """Whether there is a limit to heed."""
        return self._period > 0

    def found(self) -> QuotaFound | None:
        """Return what is worth remembering."""
        if not self._period:
            return None
        return QuotaFound(self._number, self._period, self._since, self._passed, self._parked_until)

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        if not self._period:
            return 0.0
        if now < self._parked_until:
            return self._parked_until - now
        end = self._since + self._period * GRACE
        passed = self._passed if now < end else 0  # the next message begins a new window
        if not self._number or passed + self._out < self._number:
            return 0.0
        # Either it is used up, or it may be by what is on its way: that is answered before long.
        return end - now if passed >= self._number else 1.0

    def spent(self, number: int = 1) -> None:
        """Count messages that go now, after `delay` said 0."""
        self._out += number

    def passed(self, now: float, number: int = 1) -> None:
        """Count messages that got through."""
        self._out -= number
        self._refusals = 0
        if not self._since or (self._period and now - self._since >= self._period * GRACE):
            self._since, self._passed = now, 0
        self._passed += number

    def returned(self) -> None:
        """Count one that did not get through."""
        self._out -= 1

    @property
    def parked_until(self) -> float:
        """When something may go again; 0 where nothing is held back."""
        return self._parked_until

    def hold(self, until: float) -> None:
        """Let nothing go before then."""
        self._parked_until = max(self._parked_until, until)

    def refused(self, now: float, period: float) -> float:
        """Stop until the window ends; return the seconds until then."""
        if now < self._parked_until:
            return self._parked_until - now
        self._period = period
        end = self._since + period * GRACE
        sooner = self._passed < self._number and not self._refusals
        if self._passed and end > now and not sooner:
            self._number = self._passed
        else:
            # Sooner than known, or nothing got through: its window isn't ours, or somebody else uses it up.
            end = now + period / 24 * 2 ** min(self._refusals, 3)
        self._refusals += 1
        self._parked_until = end
        return end - now
