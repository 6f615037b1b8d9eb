"""The rate that one limiter lets through, found by its refusals: halved at each, then recovered additively.

What was refused last is the ceiling. A rate recovers quickly to a little below it and rests there; now and
then it feels for more, in steps that double as long as nothing is refused. Each refusal that confirms the
ceiling doubles the time until the next try, so that a limit which never changes is met ever more rarely.
"""

from __future__ import annotations

from collections import deque
from math import ceil

from mailer.domain.learned import RateFound

INFINITE = float("inf")
SLACK = 0.05  # seconds of lateness that are made up for: a timer's, a commit's
LOWEST = 1 / 300  # messages a second: one in five minutes
PAUSES = (1.0, 300.0)  # seconds of silence after a refusal, doubling while nothing gets through
RECOVERY = 5.0  # seconds from half the ceiling to the place below it
BELOW = 0.985  # of the ceiling: where the rate rests
FIRST_STEP = 0.01  # of the ceiling: how much more is tried first
STEP_TIME = 15.0  # seconds between steps
PATIENCE = (60.0, 3600.0)  # seconds of rest before it feels for more
LONG_ENOUGH = 30.0  # seconds: from here on an average says more than the rate of the moment
MEMORY = 120.0  # seconds that an average looks back at most


class TokenBucket:
    """At most `rate` messages a second; what is late is made up for, nothing else is saved up.

    Making up for it stays within the second: wherever one begins, there are no more in it.
    """

    __slots__ = ("_at", "_lately", "_tokens", "held_back", "rate")

    def __init__(self, rate: float = INFINITE) -> None:
        self.rate = rate or INFINITE
        self.held_back = False  # whether a message had to wait; for the caller to reset
        self._tokens = 1.0
        self._at: float | None = None
        self._lately: deque[float] = deque()  # when the last ones went, no more than may go in a second

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        if self.rate == INFINITE:
            return 0.0
        if self._at is not None and now > self._at:
            self._tokens = min(1.0 + self.rate * SLACK, self._tokens + (now - self._at) * self.rate)
        self._at = now
        # A hair under one token counts as one: what sums of floats lose must not cost a timer's tick.
        wait = (1.0 - self._tokens) / self.rate if self._tokens <= 0.999999 else self._crowded(now)
        self.held_back = self.held_back or wait > 0
        return wait

    def _crowded(self, now: float) -> float:
        """Return the seconds until there are fewer than may go in a second."""
        most = ceil(self.rate)
        while len(self._lately) > most:
            self._lately.popleft()
        return max(0.0, self._lately[0] + 1.0 - now) if len(self._lately) == most else 0.0

    def spend(self, now: float) -> None:
        """Count one message, after `delay` said 0."""
        if self.rate != INFINITE:
            self._tokens -= 1.0
            self._lately.append(now)

    def change(self, rate: float) -> None:
        """Go by another rate from now on."""
        self.rate = rate
        self._tokens = min(self._tokens, 1.0 + rate * SLACK)

    def rest(self) -> None:
        """Save nothing up until it is asked again."""
        self._tokens, self._at = 0.0, None

    def drain(self, now: float) -> None:
        """Forget what was saved up: the next message goes when it has been earned anew."""
        self._tokens, self._at = 0.0, now


class Passed:
    """What got through since the server last opened up: how many, in which time."""

    __slots__ = ("_latest", "_number", "_since")

    def __init__(self) -> None:
        self._number = 0.0
        self._since = self._latest = float("-inf")

    def count(self, now: float, gap: float) -> None:
        """Count one; a pause longer than `gap` seconds, and than two, is not the server's doing."""
        if now - self._latest > max(2.0, gap):
            self._number, self._since = 0.0, now
        elif now - self._since > MEMORY:
            self._number *= MEMORY / 2 / (now - self._since)
            self._since = now - MEMORY / 2
        self._number += 1
        self._latest = now

    def span(self, now: float) -> float:
        """Seconds since it began; 0 if nothing got through."""
        return now - self._since if self._number else 0.0

    def average(self, now: float) -> float:
        """Messages a second, counting the time in which none got through."""
        span = self.span(now)
        return self._number / span if span > 0 else 0.0


class Rate:
    """One limiter's rate. `most` is what the settings allow, INFINITE if they don't say."""

    def __init__(self, most: float = INFINITE, found: RateFound | None = None) -> None:
        self._most = most
        self._ceiling = INFINITE
        self._patience = PATIENCE[0]
        self._hoped = 0.0  # the patience before more was found; 0: none was
        self._step = FIRST_STEP
        self._spell = 0  # refusals since anything was accepted
        self._silent_until = 0.0
        self._grown_at: float | None = None
        self._rested_since: float | None = None
        self._passed = Passed()
        self._tried = 0  # messages in the second that began at _second, and in the one before
        self._tried_before = 0
        self._second = 0.0
        self._bucket = TokenBucket(most)
        if found:
            self._ceiling, self._patience = found.ceiling, found.patience
            self._set(found.rate)

    @property
    def rate(self) -> float:
        """Messages a second at most, now."""
        return self._bucket.rate

    @property
    def limited(self) -> bool:
        """Whether there is any limit to heed."""
        return self._bucket.rate != INFINITE

    @property
    def ceiling(self) -> float:
        """The rate that was refused; INFINITE if none was."""
        return self._ceiling

    @property
    def found(self) -> RateFound | None:
        """What is worth remembering; None as long as nothing was refused."""
        if self._ceiling == INFINITE:
            return None
        return RateFound(
            max(self.rate, min(self._most, self._ceiling * BELOW)), self._ceiling, self._patience
        )

    def share(self, factor: float, most: float) -> None:
        """Have `factor` times what was found so far, `most` messages a second: the account is dealt anew."""
        self._most = most
        self._ceiling *= factor
        self._bucket.change(min(most, self.rate * factor if self._ceiling != INFINITE else most))

    def level(self, ceiling: float) -> None:
        """Take this for what was refused, and all else in proportion."""
        self.share(ceiling / self._ceiling, self._most)

    def rest(self) -> None:
        """Save nothing up until it is asked again."""
        self._bucket.rest()

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        return max(self._silent_until - now, 0.0) or self._bucket.delay(now)

    def spent(self, now: float) -> None:
        """Count a message that goes now, after `delay` said 0."""
        if now - self._second >= 1.0:
            self._tried_before = self._tried if now - self._second < 2.0 else 0
            self._tried, self._second = 0, now
        self._tried += 1
        self._bucket.spend(now)
        if self._ceiling != INFINITE:
            self._grow(now)

    def begin(self, whole: Rate) -> None:
        """Take the pace of the `whole` for the recent one, where nothing was counted here so far."""
        if not self._tried and not self._tried_before:
            self._tried, self._tried_before, self._second = whole._tried, whole._tried_before, whole._second

    def accepted(self, now: float) -> None:
        """Count a message that got through."""
        if self._spell:
            self._spell = 0
            self._passed = Passed()
        self._passed.count(now, 5 / self.rate)

    def refused(self, now: float) -> float:
        """Slow down; return the seconds until this message may be tried again.

        Refusals during the silence answer what was sent before it, and say nothing new.
        """
        if now >= self._silent_until:
            if self._spell:
                self._ceiling = min(self._ceiling, max(self._ceiling / 2, self._passed.average(now)))
            else:
                self._find_ceiling(now)
            self._step, self._rested_since = FIRST_STEP, None
            self._set(max(LOWEST, self._ceiling / 2))
            pause = min(PAUSES[1], max(PAUSES[0] * 2.0**self._spell, 2 / self._ceiling))
            self._silent_until = now + pause
            self._bucket.drain(self._silent_until)
            self._spell += 1
        return self._silent_until - now

    @property
    def silent_until(self) -> float:
        """When something may go again."""
        return self._silent_until

    def hold(self, until: float) -> None:
        """Let nothing go before then."""
        if until > self._silent_until:
            self._silent_until = until
            self._bucket.drain(until)

    def _find_ceiling(self, now: float) -> None:
        if self._step > FIRST_STEP:
            self._find_after_feeling()
            return
        tried = self._recent(now) if self.rate == INFINITE else self.rate
        if tried < 0.8 * self._ceiling:
            self._patience = PATIENCE[0]
        elif self._hoped:  # what it had found was only what the limiter had saved up
            self._patience = min(2 * self._hoped, PATIENCE[1])
        self._hoped = 0.0
        # Between two refusals a limiter lets through what it allows, whatever it counts by.
        average = self._passed.average(now) if self._passed.span(now) >= LONG_ENOUGH else tried
        self._ceiling = min(tried, max(0.75 * tried, average))

    def _find_after_feeling(self) -> None:
        before = self._ceiling
        # What was tried before the last step went through.
        self._ceiling = max(before, self.rate - self._step / 2 * before)
        if self._ceiling > 1.05 * before:
            self._hoped, self._patience = self._patience, PATIENCE[0]
        else:
            self._patience = min(2 * self._patience, PATIENCE[1])

    def _recent(self, now: float) -> float:
        """Messages a second lately."""
        span = max(now - self._second, 0.0)
        return max(1.0, self._tried, self._tried_before if span < 1 else 0)

    def _grow(self, now: float) -> None:
        """Recover, rest, feel for more: only as far as the rate was what held messages back."""
        since, self._grown_at = self._grown_at or now, now
        if not self._bucket.held_back:
            return
        self._bucket.held_back = False
        rest = min(self._most, self._ceiling * BELOW)
        if self.rate < rest:
            spent = min(now - since, max(1.0, 2 / self.rate))
            self._set(min(rest, self.rate + self._ceiling / 2 / RECOVERY * spent))
        elif self._rested_since is None:
            self._rested_since = now
        elif now - self._rested_since >= self._patience and self.rate < self._most:
            self._set(self.rate + self._step * self._ceiling)
            self._step *= 2
            self._rested_since += max(STEP_TIME, 20 / self.rate)

    def _set(self, rate: float) -> None:
        self._bucket.rate = min(rate, self._most)
