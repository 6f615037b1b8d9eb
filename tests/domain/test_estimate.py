"""How long a send lasts, by what is known of an account."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mailer.domain.estimate import by_quota, by_rate, by_warming
from mailer.domain.learned import QuotaFound
from mailer.domain.warmup import Warming, WarmUp

DAY = 86_400.0


def test_a_rate_divides() -> None:
    found = by_rate(1200, 2.5, "MAIL_RATE")
    assert found.lasts == timedelta(seconds=480)
    assert found.because == "2.5 a second, MAIL_RATE"


@pytest.mark.parametrize(
    ("messages", "days"),
    [
        (100, None),  # they go within today's quota
        (101, 0.5),  # one has to wait for the next window, which begins in half a day
        (600, 0.5),
        (601, 1.5),
        (2100, 3.5),
    ],
)
def test_a_quota_waits_for_its_windows(messages: int, days: float | None) -> None:
    quota = QuotaFound(number=500, period=DAY, since=0.0, used=400)
    found = by_quota(messages, quota, now=DAY / 2)
    assert (found and found.lasts) == (None if days is None else timedelta(days=days))


def test_a_window_that_is_over_holds_nothing_back() -> None:
    used_up = QuotaFound(500, DAY, since=0.0, used=500)
    assert by_quota(500, used_up, now=2 * DAY) is None
    found = by_quota(501, used_up, now=2 * DAY)
    assert found is not None and found.lasts == timedelta(days=1), "the last one waits for the next window"


def test_a_quota_of_unknown_size_says_nothing() -> None:
    assert by_quota(500, QuotaFound(0, DAY, since=0.0, used=500), now=10.0) is None


@pytest.mark.parametrize(
    ("messages", "sent_today", "days"),
    [(50, 0, 0), (51, 0, 1), (150, 0, 1), (151, 0, 2), (50, 10, 1), (140, 10, 1), (141, 10, 2), (9000, 0, 3)],
)
def test_a_warm_up_goes_by_days(messages: int, sent_today: int, days: int) -> None:
    plan = WarmUp.parse("50,100,200")  # then as many as there are
    warming = Warming(plan, date(2026, 11, 1), date(2026, 11, 1), sent_today)
    assert warming.days(messages) == days


def test_a_warm_up_that_is_under_way_begins_where_it_is() -> None:
    plan = WarmUp.parse("50,100,200")
    found = by_warming(201, Warming(plan, date(2026, 11, 1), date(2026, 11, 3), 0))
    assert found is not None
    assert (found.lasts, found.because) == (timedelta(days=1), "the warm-up 50,100,200")
    assert by_warming(200, Warming(plan, date(2026, 11, 1), date(2026, 11, 3), 0)) is None
