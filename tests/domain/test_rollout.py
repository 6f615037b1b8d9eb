"""Stages and what stops them: what may be typed, who is in which, and what strikes."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.rollout import Rollout, dealt
from mailer.domain.stop_condition import Figures, Judged, StopCondition


def figures(tried: int, accepted: int, **counts: int) -> Figures:
    return Figures(tried, accepted, {each: counts.get(each, 0) for each in Judged})


@pytest.mark.parametrize(
    ("shares", "people", "sizes"),
    [
        ("1%,10%,100%", 1200, [12, 108, 1080]),
        ("1%,10%,100%", 40, [1, 3, 36]),
        ("1%,10%,100%", 3, [1, 1, 1]),
        ("1%,10%,100%", 1, [1]),
        ("100%", 7, [7]),
        ("0.5 %, 100 %", 1000, [5, 995]),
    ],
)
def test_a_stage_has_one_person_at_least(shares, people, sizes):
    assert Rollout.parse(shares).sizes(people) == sizes


def test_a_rollout_is_read_as_it_was_kept():
    for each in (Rollout.parse("1%,100%"), Rollout.parse("2%,100%", "1h30m", "never")):
        assert Rollout.read(each.data()) == each
    assert str(Rollout.parse("1%, 100%", "90 min", "FAILED>3% or bounces >= 7")) == (
        "--stages 1%,100% --hold 1h30m --stop-if 'failed > 3% or bounced >= 7'"
    )


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (("1,100%",), "'1' is no share of the audience"),
        (("10%,1%,100%",), "each stage has to reach more people"),
        (("0%,100%",), "each stage has to reach more people"),
        (("1%,10%",), "ends in 10%; the last stage is everybody: 100%"),
        (("1%,200%",), "ends in 200%; the last stage is everybody: 100%"),
        (("1%,100%", "soon"), "'soon' is no stretch of time"),
        (("1%,100%", "1h", ""), "it is empty; write it like: failed > 3%"),
        (("1%,100%", "1h", "failed 3%"), "'failed 3%' is no condition"),
        (("1%,100%", "1h", "opened > 3%"), "'opened' is nothing to stop by; there is: failed, bounced"),
        (("1%,100%", "1h", "failed > 3% or"), "'' is no condition"),
        (("1%,100%", "1h", "failed > 300%"), "never holds"),
    ],
)
def test_what_is_no_rollout_says_why(typed, problem):
    with pytest.raises(ValueError, match=problem):
        Rollout.parse(*typed)


@given(st.sets(st.integers(1, 2**40), min_size=1, max_size=300), st.integers(1, 2**31))
def test_everybody_is_in_one_stage_and_in_the_same_again(people, send_id):
    sizes = Rollout.parse("1%,10%,100%").sizes(len(people))
    stages = dealt(send_id, people, sizes)
    assert sorted(chain(*stages)) == sorted(people)
    assert list(map(len, stages)) == sizes
    assert dealt(send_id, sorted(people, reverse=True), sizes) == stages


def test_stages_are_dealt_as_by_lot():
    # Of a thousand in the order of their ids each tenth has about as many in the first stage; and the next
    # send goes to others first.
    (first, _), (other, _) = (dealt(send, range(1000), [100, 900]) for send in (1, 2))
    tenths = [sum(number // 100 == tenth for number in first) for tenth in range(10)]
    assert min(tenths) >= 3 and max(tenths) <= 20
    assert len(set(first) & set(other)) < 25


def test_a_share_is_one_of_all_that_are_under_way():
    condition = StopCondition.parse("failed > 3%")
    # One of the first ten failed: it may be the only one of a hundred.
    assert condition.struck(figures(10, 9, failed=1), 100) == ""
    assert condition.struck(figures(100, 97, failed=3)) == ""
    assert condition.struck(figures(4, 0, failed=4), 100) == "failed > 3%: 4 of 4 (100.00%)"
    assert condition.struck(figures(100, 96, failed=4)) == "failed > 3%: 4 of 100 (4.00%)"


def test_what_follows_a_copy_is_a_share_of_those_accepted():
    condition = StopCondition.parse("complaints >= 10%")
    assert condition.struck(figures(100, 20, complaints=2)) == "complaints >= 10%: 2 of 20 (10.00%)"
    assert condition.struck(figures(0, 0)) == ""


def test_and_binds_more_closely_than_or():
    condition = StopCondition.parse("failed > 1 and bounced > 1 or uncertain > 0")
    assert condition.struck(figures(9, 9, failed=5)) == ""
    assert condition.struck(figures(9, 9, uncertain=1)) == "uncertain > 0: 1 of 9 (11.11%)"
    assert "and bounced > 1: 2" in condition.struck(figures(9, 4, failed=5, bounced=2))


def test_what_somebody_has_looked_at_counts_no_more():
    condition = StopCondition.parse("failed > 3%")
    later = figures(200, 190, failed=10).since(figures(100, 92, failed=8))
    assert condition.struck(later) == ""
    assert later == figures(100, 98, failed=2)
    assert Figures.read(later.data()) == later


def test_the_plan_says_what_goes_when():
    rollout = Rollout.parse("1%,10%,100%")
    assert rollout.hold == timedelta(minutes=30)
    assert list(rollout.lines(1200)) == [
        "stage 1 of 3: 12 people, at once (1.0% have it then)",
        "stage 2 of 3: 108 people, 30m after stage 1 is through (10.0% have it then)",
        "stage 3 of 3: 1,080 people, 30m after stage 2 is through (100.0% have it then)",
        "stops by itself if failed > 3% or complaints > 0.1%",
    ]
