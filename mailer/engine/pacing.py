"""How fast to send. Pure: the clock is an argument, in seconds of any monotonic origin."""

from __future__ import annotations


class TokenBucket:
    """At most `rate` messages a second, in bursts of up to a tenth of a second's worth; 0: no limit."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = max(1.0, rate / 10)
        self._tokens = 1.0
        self._at: float | None = None

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        if not self._rate:
            return 0.0
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        # A hair under one token counts as one: what sums of floats lose must not cost a timer's tick.
        return 0.0 if self._tokens > 0.999999 else (1.0 - self._tokens) / self._rate

    def spend(self) -> None:
        """Count one message, after `delay` said 0."""
        self._tokens -= 1.0
