"""The token bucket, on a clock of its own."""

from __future__ import annotations

import pytest

from mailer.engine.pacing.rate import TokenBucket


@pytest.mark.parametrize("rate", [0.5, 1, 10, 333])
def test_no_second_sees_more_than_the_rate_and_a_burst(rate):
    bucket, now, sent = TokenBucket(rate), 0.0, []
    while now < 20:
        if delay := bucket.delay(now):
            now += delay
        else:
            bucket.spend()
            sent.append(now)
    for start in sent:
        assert sum(start <= at < start + 1 for at in sent) <= rate + max(1, rate / 10) + 1
    assert len(sent) == pytest.approx(20 * rate, rel=0.05, abs=2)


def test_a_rest_does_not_save_up_a_flood():
    bucket = TokenBucket(10)
    bucket.delay(0)
    bucket.delay(3600)
    burst = 0
    while not bucket.delay(3600):
        bucket.spend()
        burst += 1
    assert burst == 1


def test_no_rate_is_no_limit():
    bucket = TokenBucket(0)
    assert all(not bucket.delay(0) for _ in range(1000) if not bucket.spend())
