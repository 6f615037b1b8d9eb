"""The token bucket, on a clock of its own."""

from __future__ import annotations

from math import ceil
from random import Random

import pytest

from mailer.engine.pacing.rate import TokenBucket


@pytest.mark.parametrize("rate", [0.5, 1, 10, 33.3, 333])
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_no_second_sees_more_than_the_rate_and_what_is_late_is_made_up_for(rate, seed):
    bucket, now, sent = TokenBucket(rate), 0.0, []
    late = Random(seed)
    while now < 20:
        if delay := bucket.delay(now):
            # Whoever waits is woken a little late, and now and then much later.
            now += delay + (late.uniform(0, 0.045) if seed and late.random() < 0.2 else 0.0)
        else:
            bucket.spend(now)
            sent.append(now)
    for place, start in enumerate(sent):
        assert sum(at - start < 1 - 1e-9 for at in sent[place:]) <= ceil(rate)
    assert len(sent) == pytest.approx(20 * rate, rel=0.03, abs=2)


def test_a_rest_does_not_save_up_a_flood():
    bucket = TokenBucket(10)
    bucket.delay(0)
    bucket.delay(3600)
    burst = 0
    while not bucket.delay(3600):
        bucket.spend(3600)
        burst += 1
    assert burst == 1


def test_no_rate_is_no_limit():
    bucket = TokenBucket(0)
    assert all(not bucket.delay(0) for _ in range(1000) if not bucket.spend(0))
