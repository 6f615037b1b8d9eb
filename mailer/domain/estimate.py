"""How long a send will take, by what is known of the account's limits. Pure: no clock is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from mailer.domain.learned import QuotaFound
from mailer.domain.warmup import Warming


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long it takes, and what makes it last."""

    lasts: timedelta
    because: str


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
    over = now >= ends  # then another window begins with the first message
    left = quota.number if over else max(quota.number - quota.used, 0)
    if messages <= left:
        return None
    next_window = quota.period if over else ends - now
    wait = next_window + (ceil((messages - left) / quota.number) - 1) * quota.period
    hours = quota.period / 3600
    return Estimate(
        timedelta(seconds=wait), f"{quota.number:,} in {hours:,.3g} hours, as the provider refused before"
    )


def by_warming(messages: int, warming: Warming) -> Estimate | None:
    """Return how many days a warm-up takes for so many messages; None where they go today."""
    days = warming.days(messages)
    return Estimate(timedelta(days=days), f"the warm-up {warming.plan}") if days else None
