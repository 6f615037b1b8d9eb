"""Pacing against scripted providers on a virtual clock: what they allow is used, what they refuse is rare."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from simulation import DAY, START, Bucket, Fixed, Provider, Run, Sliding, several, until

from mailer.engine.pacing.pace import Pace

pytestmark = pytest.mark.torture

SES = "454 Throttling failure: Maximum sending rate exceeded"
DAILY = "454 Throttling failure: Daily message quota exceeded"
GMAIL = "421 4.7.28 Gmail has detected an unusual rate of mail"
MINUTE = 60.0
HOUR = 3600.0


def everyone(number: int, receiver: str = "inbox.example") -> list[tuple[str, int]]:
    return [(receiver, n) for n in range(number)]


def accepted_once(run: Run) -> bool:
    return sorted(message for _, message in run.accepted) == sorted(run.messages)


LIMITERS: dict[str, tuple[Callable[[], Callable[[float], bool]], float]] = {
    "14 a second, saved up": (lambda: Bucket(14, 14), 14.0),
    "14 a second, ten seconds saved up": (lambda: Bucket(14, 140), 14.0),
    "14 in any second": (lambda: Sliding(14, 1), 14.0),
    "14 each second": (lambda: Fixed(14, 1), 14.0),
    "30 in any minute": (lambda: Sliding(30, MINUTE), 0.5),
    "600 in any minute": (lambda: Sliding(600, MINUTE), 10.0),
    "600 each minute": (lambda: Fixed(600, MINUTE), 10.0),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limiter", LIMITERS)
def test_a_hard_rate_limit_is_found_and_used(limiter, seed):
    make, allowed = LIMITERS[limiter]
    run = Run(Provider([(make(), SES, None)]), Pace(connections=4), everyone(int(allowed * HOUR)), seed=seed)
    warm, end = START + 5 * MINUTE, START + 35 * MINUTE
    run.until(end)
    assert run.rate(warm, end) >= 0.95 * allowed
    assert run.breaches(START, warm) <= 60
    # Feeling for more is the only way to find more: a refusal each time, or a few, ever more rarely.
    assert run.breaches(warm, end) <= 40


def test_the_setting_is_never_exceeded_and_a_lower_limit_is_found_below_it():
    run = Run(Provider(), Pace(rate=20, connections=4), everyone(2000))
    run.until(START + 90)
    assert 19.5 <= run.rate(START + 10, START + 90) <= 20.1
    run = Run(Provider([(Bucket(5, 5), SES, None)]), Pace(rate=20, connections=4), everyone(9000))
    run.until(START + 20 * MINUTE)
    assert run.rate(START + 5 * MINUTE, run.now) >= 0.95 * 5


@pytest.mark.parametrize("seed", range(3))
def test_what_was_learned_spares_the_next_run_the_search(seed):
    first = Run(Provider([(Sliding(14, 1), SES, None)]), Pace(connections=4), everyone(20_000), seed=seed)
    first.until(START + 10 * MINUTE)
    pace = Pace(connections=4, learned=first.pace.learned())
    second = Run(Provider([(Sliding(14, 1), SES, None)]), pace, everyone(20_000), seed=seed)
    second.until(START + 50)
    assert second.breaches(START, second.now) == 0
    assert second.rate(START, second.now) >= 0.93 * 14


@pytest.mark.parametrize("seed", range(5))
def test_a_daily_quota_is_used_up_each_day_and_exceeded_once(seed):
    pace = Pace(connections=4)
    run = Run(Provider([(Sliding(200, DAY), DAILY, None)]), pace, everyone(950), seed=seed, look=60.0)
    days = []
    for day in range(1, 6):
        run.until(START + day * (DAY + 100) - 60)
        days.append(len(run.accepted))
    assert days == [200, 400, 600, 800, 950]
    assert accepted_once(run)
    # The first day finds it out: what was on its way over four connections.
    assert run.breaches(START, START + DAY) <= 4
    assert run.breaches(START + DAY, run.now) == 0


def test_a_run_that_is_parked_says_until_when():
    run = Run(Provider([(Sliding(200, DAY), DAILY, None)]), Pace(connections=4), everyone(950))
    run.until(START + MINUTE)
    assert run.pace.parked_until(run.now) == pytest.approx(START + DAY, abs=100)
    later = Pace(connections=4, learned=run.pace.learned())
    assert later.parked_until(START + HOUR) == pytest.approx(START + DAY, abs=100)
    assert later.parked_until(START + DAY + 100) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("there", [1, 3])
def test_a_limit_on_connections_is_found_and_used(there, seed):
    run = Run(Provider(connections=there), Pace(connections=10), everyone(1_000_000), seed=seed)
    run.until(START + 20 * MINUTE)
    # What as many connections as are allowed carry when each answers after two trips of 25 to 37.5 ms.
    assert run.rate(START + MINUTE, run.now) >= 0.95 * there / (2 * 0.025 * 1.25)
    assert sum(at > START + MINUTE for at in run.turned_away) <= 6  # after 1, 2, 4, 8 … minutes


@pytest.mark.parametrize("number", [2, 4])
@pytest.mark.parametrize("limiter", [name for name in LIMITERS if LIMITERS[name][1] > 1])
def test_several_processes_find_and_use_a_rate_between_them(limiter, number):
    make, allowed = LIMITERS[limiter]
    runs = several(number, Provider([(make(), SES, None)]), 4, everyone(int(allowed * HOUR)))
    warm, end = START + 5 * MINUTE, START + 35 * MINUTE
    until(runs, end)
    assert sum(run.rate(warm, end) for run in runs) >= 0.92 * allowed
    assert sum(run.breaches(START, warm) for run in runs) <= 80
    assert sum(run.breaches(warm, end) for run in runs) <= 60


def test_several_processes_use_up_a_quota_and_all_of_them_know_it():
    runs = several(3, Provider([(Sliding(200, DAY), DAILY, None)]), 6, everyone(900))
    until(runs, START + 10 * MINUTE)
    assert sum(len(run.accepted) for run in runs) == 200
    assert sum(len(run.refused) for run in runs) <= 6, "what was under way"
    assert len({run.pace.parked_until(run.now) for run in runs}) == 1


def test_a_limit_on_connections_is_remembered_and_forgotten_when_it_is_lifted():
    first = Run(Provider(connections=3), Pace(connections=6), everyone(1_000_000))
    first.until(START + MINUTE)
    again = Run(
        Provider(connections=3), Pace(connections=6, learned=first.pace.learned()), everyone(1_000_000)
    )
    again.until(START + 30)
    assert again.turned_away == []
    assert again.rate(START + 1, again.now) >= 0.95 * 3 / (2 * 0.025 * 1.25)
    lifted = Run(Provider(), Pace(connections=6, learned=again.pace.learned()), everyone(1_000_000))
    lifted.until(START + 5 * MINUTE)
    assert [each.connections for each in lifted.pace.learned()] == [None]


@pytest.mark.parametrize("seed", range(3))
def test_a_provider_that_slows_at_noon_is_followed_down_and_up(seed):
    def rate(now: float) -> float:
        return 2.0 if 10 * MINUTE <= now - START < 30 * MINUTE else 10.0

    provider = Provider([(Bucket(rate, 10), SES, None)])
    run = Run(provider, Pace(connections=4), everyone(100_000), seed=seed)
    run.until(START + 60 * MINUTE)
    assert run.rate(START + 5 * MINUTE, START + 10 * MINUTE) >= 0.95 * 10
    assert run.rate(START + 15 * MINUTE, START + 30 * MINUTE) >= 0.95 * 2
    assert run.breaches(START + 10 * MINUTE, START + 15 * MINUTE) <= 45
    assert run.rate(START + 45 * MINUTE, START + 60 * MINUTE) >= 0.95 * 10


@pytest.mark.parametrize("seed", range(3))
def test_a_receiver_that_throttles_holds_up_nobody_else(seed):
    # The slow ones come first in the queue, and there are more of them than may wait in memory.
    messages = everyone(600, "google") + everyone(3000, "inbox.example") + everyone(300, "yahoo")
    provider = Provider(
        [(Bucket(0.5, 5), GMAIL, "google"), (Bucket(1, 1), GMAIL, "yahoo"), (Bucket(30, 30), SES, None)]
    )
    run = Run(provider, Pace(connections=4), messages, seed=seed)
    run.until(START + 4 * MINUTE)
    others = [at for at, (receiver, _) in run.accepted if receiver == "inbox.example"]
    assert len(others) == 3000
    # 30 a second would take 100 s.
    assert max(others) - START <= 150
    run.until(START + HOUR)
    assert accepted_once(run)


@pytest.mark.parametrize("seed", range(8))
def test_nobody_is_lost_whatever_is_refused(seed):
    messages = everyone(400, "google") + everyone(600, "inbox.example") + everyone(200, "yahoo")
    provider = Provider(
        [
            (Fixed(500, HOUR), "452 Too many recipients received this hour", None),
            (Sliding(10, 1), SES, None),
            (Bucket(1, 3), GMAIL, "google"),
            (Bucket(0.3, 1), "421 4.7.0 [TSS04] Messages temporarily deferred", "yahoo"),
            (Bucket(3, 3), "451 4.3.0 Try again later", "inbox.example"),
        ],
        connections=2,
    )
    run = Run(provider, Pace(connections=6), messages, seed=seed)
    run.until(START + 12 * HOUR)
    assert accepted_once(run)
