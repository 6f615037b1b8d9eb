"""Several machines send over an account: together they keep to it, and the others go on without any one."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import Database, Machine, machine, most_in_a_second
from simulation import START, Provider, until

from mailer.engine.pacing.asking import Asker
from mailer.engine.pacing.dealing import LEASE, SharedAccount, Wish
from mailer.engine.pacing.pace import Pace
from mailer.engine.pacing.rate import INFINITE
from mailer.engine.pacing.share import Grant

RATES = [(300.0, 3), (100.0, 4), (35.0, 3), (7.0, 2)]  # of the account, and how many send


def everyone(number: int) -> list[tuple[str, int]]:
    return [("inbox.example", n) for n in range(number)]


def several(number: int, rate: float, database: Database | None = None, **how) -> list[Machine]:
    database, provider = database or Database(), Provider()
    return [machine(n, database, provider, everyone(100_000), rate=rate, **how) for n in range(number)]


def most(rate: float) -> float:
    """One in a hundred more; or one: two that left a second apart are not on their way for the same time."""
    return max(ceil(rate) + 1, rate * 1.01)


def let_pass(machines: list[Machine], seconds: float) -> None:
    runs = [each.run for each in machines if each.alive]
    until(runs, runs[0].now + seconds)


def rate_of(machines: list[Machine], since: float, upto: float) -> float:
    return sum(each.run.rate(START + since, START + upto) for each in machines)


@pytest.mark.parametrize(("rate", "number"), RATES)
def test_no_second_is_over_the_rate_whoever_comes_dies_or_stands_still(rate, number):
    machines = several(number, rate)
    let_pass(machines, 12)
    machines[0].stop_for(5)
    let_pass(machines, 10)
    machines[1].kill()
    let_pass(machines, 10)
    machines.append(
        machine(9, machines[0].database, Provider(), everyone(9999), rate=rate, now=machines[0].run.now)
    )
    let_pass(machines, 10)
    assert most_in_a_second(machines) <= most(rate)
    assert machines[-1].run.accepted or rate < 20


@pytest.mark.parametrize("rate", [300.0, 100.0])
def test_what_a_dead_machine_had_is_the_others_when_its_lease_is_over(rate):
    machines = several(3, rate)
    let_pass(machines, 10)
    assert rate_of(machines, 4, 10) >= 0.95 * rate
    machines[1].kill()
    let_pass(machines, 12)
    others = [machines[0], machines[2]]
    assert rate_of(others, 11, 10 + LEASE - 1) <= 0.7 * rate, "it may be alive"
    assert rate_of(others, 10 + LEASE + 1.1, 22) >= 0.95 * rate


def test_machines_take_turns_where_there_is_too_little_to_share():
    machines = several(3, 7.0)
    let_pass(machines, 120)
    assert most_in_a_second(machines) <= most(7.0)
    assert rate_of(machines, 5, 120) >= 0.85 * 7, "each change takes a second or two"
    assert all(len(each.run.accepted) > 120 for each in machines)


def test_one_connection_is_used_by_each_in_turn():
    machines = several(2, 0.0, connections=1)
    for _ in range(80):
        let_pass(machines, 0.5)
        assert sum(each.run.pace.up for each in machines) <= 1
    assert all(each.run.accepted for each in machines)


def test_a_refusal_that_one_meets_is_heeded_by_all_within_a_second():
    machines, refused = several(3, 0.0), []

    def once(now: float) -> bool:
        if now < START + 5 or refused:
            return True
        refused.append(now)
        return False

    words = "454 Throttling failure: Daily message quota exceeded"
    for each in machines:
        each.run.provider.limits[:] = [(once, words, None)]
    let_pass(machines, 5)
    let_pass(machines, 5)
    latest = max(at for each in machines for at, _ in each.run.accepted)
    assert refused[0] < latest < refused[0] + 1.1
    ends = [each.run.pace.parked_until(each.run.clock) - each.run.ahead for each in machines]
    assert max(ends) - min(ends) < 10, "by their own clocks, and at the same time"


@pytest.mark.parametrize("seconds", [0.0, 7.0])
def test_of_so_many_messages_a_day_none_goes_too_many(seconds):
    database = Database(allowed=2000)
    machines = several(3, 200.0, database)
    let_pass(machines, 4)
    if seconds:
        machines[0].stop_for(seconds)
    let_pass(machines, 40)
    sent = sum(len(each.run.accepted) for each in machines)
    assert sent <= 2000
    # What one held that stood still for too long may have been sent by it: it is nobody's any more.
    assert sent == 2000 if not seconds else sent >= 1700


def test_what_a_dead_machine_may_have_sent_counts_as_sent():
    database = Database(allowed=1000)
    machines = several(3, 200.0, database)
    let_pass(machines, 2.5)
    machines[2].kill()
    let_pass(machines, 30)
    sent = sum(len(each.run.accepted) for each in machines)
    assert 600 < sent <= 1000


def test_a_lump_is_used_up_by_what_went_and_what_did_not_go_may_go_yet():
    pace = Pace(0.0, 4)
    pace.grant(Grant(messages=2))
    for _ in range(2):
        assert not pace.delay("inbox.example", START)
        pace.sent("inbox.example", START)
    assert 0 < pace.delay("inbox.example", START) < 1, "more may be granted"
    pace.kept_back("inbox.example")
    assert not pace.delay("inbox.example", START)
    pace.sent("inbox.example", START)
    assert pace.in_use(START).out == 2
    pace.recorded(2)
    assert pace.in_use(START).out == 0
    pace.grant(Grant(messages=0, over=True))
    assert pace.delay("inbox.example", START) == INFINITE, "nothing more goes in this run"


def test_two_questions_may_be_asked_at_the_same_moment():
    asker = Asker("one", START, Pace(0.0, 4), INFINITE, 4)
    assert asker.question(START).wish == asker.question(START).wish


def test_without_a_share_nothing_goes_and_there_is_no_connection():
    pace = Pace(10.0, 4)
    pace.grant(Grant(0.5, 5.0, 2, ends=START + 3))
    assert (pace.delay("", START), pace.connections(START)) == (0, 2)
    assert pace.delay("", START + 3) > 0
    assert (pace.connections(START + 3), pace.in_use(START + 3).part) == (0, 0)
    pace.extend(START + 9)
    assert pace.connections(START + 4) == 2


NAMES = st.sampled_from("abcd")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), NAMES, st.integers(0, 40)),
        st.tuples(st.just("ask in vain"), NAMES, st.integers(0, 40)),
        st.tuples(st.just("leave"), NAMES, st.just(0)),
        st.tuples(st.just("wait"), NAMES, st.floats(0, 4)),
    ),
    max_size=60,
)


@given(STEPS, st.sampled_from([5.0, 30.0, 1000.0]), st.integers(1, 6))
def test_what_is_granted_is_never_more_than_there_is(steps, rate, connections):
    """Whoever asks, hears no answer, dies or leaves: what is in force adds up to one account at most."""
    state, now, left = "", 1000.0, 500
    in_force: dict[str, tuple[float, float, float, int]] = {}  # part, rate, until when, connections
    out: dict[str, int] = {}
    for what, name, value in steps:
        if what == "wait":
            now += value
            continue
        account = SharedAccount.load(state)
        if what == "leave":
            account.leave(name)
            in_force.pop(name, None)
            left -= out.pop(name, 0)
        else:
            left -= sum(out.pop(dead) for dead in list(out) if dead != name and in_force[dead][2] <= now)
            account.bury(name, now)
            part, _, ends, up = in_force.get(name, (0.0, 0.0, 0.0, 0))
            part, up = (part, up) if ends > now else (0.0, 0)
            wish = Wish(
                rate, connections=connections, part=part, up=up, out=out.get(name, 0), more=int(value)
            )
            grant = account.deal(name, wish, now, left)
            assert grant.messages is not None
            out[name] = out.get(name, 0) + grant.messages
            if what == "ask":
                in_force[name] = (grant.part, grant.rate, now + LEASE, grant.connections)
            else:  # what it was granted it doesn't know of; what it had ends when it did
                in_force.setdefault(name, (0.0, 0.0, now, 0))
        state = account.dump()
        running = [each for each in in_force.values() if each[2] > now]
        assert sum(each[0] for each in running) <= 1 + 1e-9
        assert sum(each[1] for each in running) <= rate + 1e-6
        assert sum(each[3] for each in running) <= connections
        assert sum(out.values()) <= max(left, 0)
