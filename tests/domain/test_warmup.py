"""A warm-up grows by the day, never backwards, and ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mailer.domain.warmup import Warming, WarmUp

START = date(2026, 11, 23)


def days(text: str, number: int) -> list[int | None]:
    plan = WarmUp.parse(text)
    return [Warming(plan, START, START + timedelta(days=day), 0).left for day in range(number)]


def test_growing_by_a_factor():
    assert days("50x1.5", 6) == [50, 75, 112, 168, 252, 378]
    assert days(" 50 X 2 ", 3) == [50, 100, 200]


def test_a_small_beginning_grows_all_the_same():
    assert days("1x1.1", 4) == [1, 2, 3, 4]


def test_each_day_named():
    assert days("50,100,200", 4) == [50, 100, 200, None]
    assert days("50, 100, 200, …", 4) == [50, 100, 200, None]


def test_it_ends():
    assert days("50x1.5", 60)[-1] is None


def test_what_went_today_counts():
    plan = WarmUp.parse("50x2")
    assert Warming(plan, START, START, 20).left == 30
    assert Warming(plan, START, START, 50).left == 0
    assert Warming(plan, START, START, 70).left == 0
    assert Warming(plan, START, START + timedelta(days=1), 70).left == 30
    assert Warming(plan, START, START + timedelta(days=365), 7_000_000).left is None


def test_a_day_before_the_first_is_the_first():
    assert Warming(WarmUp.parse("50x2"), START, START - timedelta(days=3), 0).left == 50


@pytest.mark.parametrize(
    "text", ["", "x", "50x1", "0x2", "50x0.5", "50x-2", "50,0", "fifty", "50x1.5x2", ","]
)
def test_what_is_no_plan(text):
    with pytest.raises(ValueError, match="50x1"):
        WarmUp.parse(text)
