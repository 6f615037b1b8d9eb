"""What was learned, dealt out among several processes and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.learned import ACCOUNT, Learned, QuotaFound, RateFound

moments = st.floats(1e9, 2e9)
rates = st.builds(RateFound, *[st.floats(0.001, 1e4)] * 2, st.floats(60, 3600))
quotas = st.integers(0, 100_000).flatmap(
    lambda number: st.builds(
        QuotaFound, st.just(number), st.just(3600.0), moments, st.integers(0, number or 100), moments
    )
)
everything = st.builds(Learned, st.just("google"), st.none() | rates, st.none() | quotas)


@given(everything, st.integers(1, 8))
def test_shares_put_together_are_the_whole(whole: Learned, number: int):
    shares = [whole.share(place, number) for place in range(number)]
    found = Learned.together(shares)
    assert found.scope == whole.scope
    assert (found.rate is None, found.quota is None) == (whole.rate is None, whole.quota is None)
    if whole.rate and found.rate:
        assert found.rate.rate == pytest.approx(whole.rate.rate)
        assert found.rate.ceiling == pytest.approx(whole.rate.ceiling)
        assert found.rate.patience == whole.rate.patience
    if whole.quota and found.quota and (whole.quota.number >= number or not whole.quota.number):
        assert found.quota == whole.quota


def test_who_gets_nothing_of_a_small_quota_sends_nothing():
    whole = Learned(ACCOUNT, quota=QuotaFound(2, 3600.0, 5.0, 0))
    shares = [whole.share(place, 3).quota for place in range(3)]
    assert [share and share.number - share.used for share in shares] == [1, 1, 0]
    assert all(share and share.number for share in shares), "0 would mean that nobody knows how large it is"


def test_what_several_found_holds_as_long_as_it_does_for_any_of_them():
    shares = [
        Learned("google", RateFound(3, 4, 60), QuotaFound(10, 3600.0, 7.0, 10, 3607.0)),
        Learned("google", RateFound(5, 6, 240), QuotaFound(12, 3600.0, 5.0, 12, 3605.0)),
        Learned("google"),
    ]
    assert Learned.together(shares) == Learned(
        "google", RateFound(8, 10, 240), QuotaFound(22, 3600.0, 5.0, 22, 3607.0)
    )
    assert Learned.together([Learned("google")]) == Learned("google")


RATE, LOWER = RateFound(9, 10, 60), RateFound(4, 5, 240)
PARKED, LATER = QuotaFound(200, 3600.0, 5.0, 7, 100.0), QuotaFound(150, 3600.0, 9.0, 3, 200.0)


@pytest.mark.parametrize(
    ("mine", "theirs", "before", "holds"),
    [
        (Learned("x", LOWER), None, None, Learned("x", LOWER)),
        (Learned("x", LOWER), Learned("x", RATE), Learned("x", RATE), Learned("x", LOWER)),
        (Learned("x"), Learned("x", RATE), Learned("x", RATE), Learned("x")),
        (Learned("x", RATE), Learned("x", LOWER), Learned("x", RATE), Learned("x", LOWER)),
        (Learned("x"), Learned("x", LOWER), None, Learned("x", LOWER)),
        (Learned("x", RATE, None, 2), Learned("x", LOWER, None, 3), None, Learned("x", LOWER, None, 2)),
        (Learned("x", None, PARKED), Learned("x", None, LATER), None, Learned("x", None, LATER)),
        (Learned("x", LOWER), Learned("x", None, PARKED), Learned("x", RATE), Learned("x", LOWER, PARKED)),
    ],
    ids=[
        "nobody else learned",
        "they know what I knew",
        "it holds no more",
        "they alone learned",
        "they were first",
        "the more careful",
        "the later end",
        "one a rate, one a quota",
    ],
)
def test_what_two_learned_at_the_same_time_holds_beside_each_other(mine, theirs, before, holds):
    assert mine.beside(theirs, before) == holds


def test_how_much_of_a_quota_is_used_is_nothing_that_was_learned():
    before = Learned("x", RATE, PARKED)
    used = Learned("x", RATE, QuotaFound(200, 3600.0, 40.0, 90, 100.0))
    assert Learned("x", LOWER).beside(used, before) == Learned("x", LOWER)
