"""How long a send will take, by what is known of the account's limits. Pure: no clock is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from mailer.domain.learned import QuotaFound
from mailer.domain.warmup import WarmUp

DAYS = 3_660  # a plan that isn't through after ten years never is


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long it takes, and what makes it last."""

    lasts: timedelta
    because: str


@dataclass(frozen=True, slots=True)
class Warming:
    """How far the warm-up of a domain has come: its plan, its first day, today, and what went today."""

    plan: WarmUp
    first_day: date
    today: date
    sent_today: int

    def days(self, messages: int) -> int:
        """Return after how many midnights so many messages have gone."""
        day = (self.today - self.first_day).days
        left = messages + self.sent_today
        for number in range(DAYS):
            allowed = self.plan.on_day(day + number)
            if allowed is None or left <= allowed:
                return number
            left -= allowed if number else max(allowed, self.sent_today)
        return DAYS


def by_rate(messages: int, a_second: float, known_from: str) -> Estimate:
    """Return how long so many messages take at this rate."""
    return Estimate(timedelta(seconds=messages / a_second), f"{a_second:,.3g} a second, {known_from}")


def by_quota(messages: int, quota: QuotaFound, now: float) -> Estimate | None:
    """Return how long it takes within what a provider lets through; None where its size isn't known.

    `now` is in seconds since 1970, as the quota has it.
    """
    if not quota.number:
        return None
    ends = quota.since + quota.period
    left = quota.number if now >= ends else quota.number - quota.used
    if messages <= left:
        return None
    wait = max(ends - now, 0.0) + (ceil((messages - max(left, 0)) / quota.number) - 1) * quota.period
    hours = quota.period / 3600
    return Estimate(
        timedelta(seconds=wait), f"{quota.number:,} in {hours:,.3g} hours, as the provider refused before"
    )


def by_warming(messages: int, warming: Warming) -> Estimate | None:
    """Return how many days a warm-up takes for so many messages; None where they go today."""
    days = warming.days(messages)
    return Estimate(timedelta(days=days), f"the warm-up {warming.plan}") if days else None
