"""What was found out about a server's limits, as it is remembered from run to run."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RateFound:
    """A rate that goes through and the one that was refused, in messages a second.

    `patience`: the seconds of rest before more is tried.
    """

    rate: float
    ceiling: float
    patience: float


@dataclass(frozen=True, slots=True)
class QuotaFound:
    """`number` messages (0: not known) in `period` seconds; the window in use, `used` of it so far.

    `since` and `parked_until` are in seconds since 1970; `parked_until` is 0 where nothing is held back.
    """

    number: int
    period: float
    since: float
    used: int
    parked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Learned:
    """What was found out about one scope: the account itself (ACCOUNT), or a mailbox provider behind it."""

    scope: str
    rate: RateFound | None = None
    quota: QuotaFound | None = None
    connections: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was found, or nothing holds any more."""
        return not (self.rate or self.quota or self.connections)

    def share(self, part: float) -> Learned:
        """Return this part of it: what one of several processes goes by, or with 1/part what all do."""
        rate, quota = self.rate, self.quota
        return Learned(
            self.scope,
            rate and replace(rate, rate=rate.rate * part, ceiling=rate.ceiling * part),
            quota and replace(quota, number=_at_least_one(quota.number, part), used=round(quota.used * part)),
            self.connections and _at_least_one(self.connections, part),
        )


ACCOUNT = ""


def _at_least_one(number: int, part: float) -> int:
    return max(1, round(number * part)) if number else 0
