"""A token bucket whose rate may change while it runs."""

from __future__ import annotations

INFINITE = float("inf")
SLACK = 0.02  # seconds of lateness that are made up for: above a timer's grain, below what a limiter notices


class TokenBucket:
    """At most `rate` messages a second; what is late is made up for, nothing else is saved up."""

    __slots__ = ("_at", "_tokens", "held_back", "rate")

    def __init__(self, rate: float = INFINITE) -> None:
        self.rate = rate or INFINITE
        self.held_back = False  # whether a message had to wait; for the caller to reset
        self._tokens = 1.0
        self._at: float | None = None

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        if self.rate == INFINITE:
            return 0.0
        if self._at is not None and now > self._at:
            self._tokens = min(1.0 + self.rate * SLACK, self._tokens + (now - self._at) * self.rate)
        self._at = now
        # A hair under one token counts as one: what sums of floats lose must not cost a timer's tick.
        if self._tokens > 0.999999:
            return 0.0
        self.held_back = True
        return (1.0 - self._tokens) / self.rate

    def spend(self) -> None:
        """Count one message, after `delay` said 0."""
        if self.rate != INFINITE:
            self._tokens -= 1.0

    def drain(self, now: float) -> None:
        """Forget what was saved up: the next message goes when it has been earned anew."""
        self._tokens, self._at = 0.0, now
