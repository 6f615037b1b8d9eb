"""What was found out about a server's limits, as it is remembered from run to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

Value = TypeVar("Value")


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

    def share(self, place: int, number: int) -> Learned:
        """Return what the one at `place` (from 0) of `number` processes goes by; `together` undoes it.

        Connections are no part of it: those are dealt out anew whenever their number changes.
        """
        rate, quota = self.rate, self.quota
        return Learned(
            self.scope,
            rate and replace(rate, rate=rate.rate / number, ceiling=rate.ceiling / number),
            quota and _quota_share(quota, place, number),
        )

    def beside(self, theirs: Learned | None, before: Learned | None) -> Learned:
        """Return what holds once others remembered `theirs` since `before`, where both sides began.

        Whoever learned something new is right; where both did, the more careful of them.
        """
        if theirs is None or _found(theirs) == _found(before):
            return self
        if _found(self) == _found(before):
            return theirs
        return Learned(
            self.scope,
            _first(self.rate, theirs.rate, lambda rate: rate.ceiling),
            _first(self.quota, theirs.quota, lambda quota: -quota.parked_until),
            _first(self.connections, theirs.connections, lambda number: number),
        )

    def times(self, factor: float) -> Learned:
        """Return it for an account that lets through so many times as much in a second."""
        rate = self.rate
        return replace(
            self, rate=rate and replace(rate, rate=rate.rate * factor, ceiling=rate.ceiling * factor)
        )

    @staticmethod
    def together(shares: Sequence[Learned]) -> Learned:
        """Return what several processes, one at least, found out about the same scope between them.

        The most patient of them speaks for all; a quota holds until it holds for none of them.
        """
        rates = [share.rate for share in shares if share.rate]
        quotas = [share.quota for share in shares if share.quota]
        return Learned(
            shares[0].scope,
            RateFound(
                sum(rate.rate for rate in rates),
                sum(rate.ceiling for rate in rates),
                max(rate.patience for rate in rates),
            )
            if rates
            else None,
            QuotaFound(
                sum(quota.number for quota in quotas),
                max(quota.period for quota in quotas),
                min(quota.since for quota in quotas),
                sum(quota.used for quota in quotas),
                max(quota.parked_until for quota in quotas),
            )
            if quotas
            else None,
        )


def _found(learned: Learned | None) -> object:
    """Return what was learned, without what only says how much of a quota is used just now."""
    if learned is None or learned.empty:
        return None
    quota = learned.quota and replace(learned.quota, since=0.0, used=0)
    return learned.rate, quota, learned.connections


def _first(mine: Value | None, theirs: Value | None, key: Callable[[Value], float]) -> Value | None:
    return min((each for each in (mine, theirs) if each is not None), key=key, default=None)


def _quota_share(quota: QuotaFound, place: int, number: int) -> QuotaFound:
    share = share_of(quota.number, place, number)
    used = share_of(quota.used, place, number)
    if quota.number and not share:
        # None of it is for this one, and 0 would say that its size is not known.
        share, used = 1, max(used, 1)
    return replace(quota, number=share, used=used)


ACCOUNT = ""


def share_of(total: int, place: int, number: int) -> int:
    """Return the share of the one at `place` (from 0) when `total` is dealt out among `number`."""
    return total // number + (place < total % number)
