"""Outcomes become settlements; every one has its state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.domain.delivery import RetryPolicy, State, settle
from mailer.domain.outcome import Accepted, Deferred, Rejected, Reply, Stage, Uncertain, Untried

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "state", "words"),
    [
        (Accepted(Reply(250, "2.0.0 Ok\nqueued as 7")), State.ACCEPTED, "250 2.0.0 Ok queued as 7"),
        (Deferred(Reply(451, "later"), Stage.RCPT), State.DEFERRED, "451 later"),
        (Rejected(Reply(550, "no such user"), Stage.RCPT), State.FAILED, "550 no such user"),
        (Uncertain("connection lost"), State.UNCERTAIN, "connection lost"),
        (Untried("connection lost", Stage.MAIL), State.QUEUED, "connection lost"),
    ],
)
def test_each_outcome_has_its_state(outcome, state, words):
    settlement = settle(7, outcome, NOW)
    assert (settlement.delivery_id, settlement.state, settlement.words) == (7, state, words)


def test_retries_spread_out_and_end_within_the_limit():
    policy, moment, waits = RetryPolicy(), NOW, []
    for attempt in range(1, 100):
        after = policy.next_attempt(attempt, NOW, moment)
        if after is None:
            break
        waits.append(after - moment)
        moment = after
    assert waits[:4] == [timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=16)]
    assert moment - NOW <= policy.limit
