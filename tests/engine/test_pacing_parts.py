"""The parts of pacing, each by itself: waiting lines, connections, and what replies lead to."""

from __future__ import annotations

from random import Random

import pytest

from mailer.domain.learned import Learned
from mailer.domain.outcome import Accepted, Deferred, Rejected, Reply, Stage, Uncertain, Untried
from mailer.engine.pacing.concurrency import Concurrency
from mailer.engine.pacing.domain_queues import ENOUGH, DomainQueues
from mailer.engine.pacing.pace import ACCOUNT, Hold, Pace

RATE = Reply(454, "Throttling failure: Maximum sending rate exceeded")


def queues(*names: str) -> DomainQueues[str]:
    made = DomainQueues(lambda name: name[0])
    made.put(names)
    return made


def take_all(waiting: DomainQueues[str], held: str = "") -> list[str]:
    taken = []
    while item := waiting.take(lambda scope: scope not in held):
        taken.append(item)
    return taken


def test_who_is_not_held_back_goes_in_order():
    assert take_all(queues("a1", "b1", "a2")) == ["a1", "b1", "a2"]


def test_who_is_held_back_stands_aside_and_keeps_its_order():
    waiting = queues("a1", "b1", "a2", "b2", "a3")
    assert take_all(waiting, held="a") == ["b1", "b2"]
    assert waiting.held == ["a"]
    waiting.put(["a4", "b3"])
    assert sorted(take_all(waiting)) == ["a1", "a2", "a3", "a4", "b3"]


def test_queues_take_turns_with_the_rest():
    waiting = queues(*"aaaabbbb", *(f"c{n}" for n in range(8)))
    assert waiting.take(lambda scope: scope == "c") == "c0"
    first = [waiting.take(lambda scope: True) for _ in range(9)]
    assert {name[0]: sum(each[0] == name[0] for each in first) for name in first} == {"a": 3, "b": 3, "c": 3}


def test_what_was_not_tried_is_the_next_of_its_kind():
    waiting = queues("a1", "b1", "b2")
    assert waiting.take(lambda scope: scope != "a") == "b1"
    waiting.put_back("b1")
    assert take_all(waiting, held="a") == ["b1", "b2"]
    assert len(waiting.everyone) == 1


def test_a_queue_says_when_enough_wait():
    waiting = queues(*(f"a{n}" for n in range(ENOUGH)))
    assert waiting.full == []
    assert waiting.take(lambda scope: False) is None
    assert waiting.full == ["a"]
    waiting.keep(lambda name: name == "a7")
    assert (waiting.full, waiting.everyone) == ([], ["a7"])


def test_one_connection_fewer_for_complaints_that_come_together():
    several = Concurrency(10, random=Random(1))
    pause = several.refused(100.0, there=4)
    several.refused(100.1, there=5)
    assert 1.0 <= pause <= 2.0
    assert several.limit(101.0) == 4
    assert several.limit(161.0) == 5
    several.refused(161.0, there=4)
    assert several.limit(161.0 + 119) == 4  # one more was one too many: it is tried half as often
    assert several.limit(161.0 + 120) == 5
    assert several.limit(161.0 + 240) == 6
    assert several.found == 4


def test_one_that_is_up_and_told_so_is_one_fewer_and_not_one_each():
    several = Concurrency(6)
    several.connected(6)
    for at in (100.0, 100.1, 100.2):
        several.refused(at)
    assert (several.limit(101), several.found) == (5, 5)
    several.refused(103.0)
    assert several.limit(104) == 4
    several.connected(2)  # the server hung up on the others
    several.refused(104.0)
    assert (several.limit(105), several.found) == (2, 2)


def test_pauses_double_until_a_connection_is_up():
    several, at, pauses = Concurrency(6, random=Random(1)), 100.0, []
    for _ in range(8):
        pauses.append(several.refused(at, there=1))
        at += 200
    assert all(pause <= most for pause, most in zip(pauses, (2, 4, 8, 16, 32, 64, 120, 120), strict=True))
    assert all(pause >= least for pause, least in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60), strict=True))
    several.connected(2)
    assert several.refused(at, there=2) <= 2


def test_more_that_are_up_than_were_found_are_what_is_found():
    several = Concurrency(5, found=2)
    several.connected(2)
    assert several.found == 2
    several.connected(3)
    assert several.found == 2, "more than there may be: who counted was late"
    assert [several.limit(at) for at in (0.0, 61.0)] == [2, 3]
    several.connected(3)
    assert several.found == 2, "counted before"
    several.connected(1)
    several.connected(3)
    assert several.found == 3
    assert [several.limit(at) for at in (130.0, 200.0)] == [4, 5]
    several.connected(5)
    assert several.found is None, "all that the settings allow: there is no limit to remember"


def test_a_guess_holds_for_the_run_and_is_not_remembered():
    pace = Pace(connections=5)
    assert 1 <= pace.turned_away(None, Stage.CONNECT, 2, 100.0) <= 2
    assert pace.connections(101.0) == 2
    assert list(pace.learned()) == []
    assert pace.turned_away(Reply(421, "4.3.2 busy"), Stage.CONNECT, 0, 110.0) == 0, "nothing works: no sign"
    assert pace.connections(111.0) == 2


@pytest.mark.parametrize(
    ("reply", "stage"),
    [
        (Reply(421, "4.7.0 Too many connections from 192.0.2.1"), Stage.CONNECT),
        (Reply(421, "too many concurrent SMTP connections"), Stage.EHLO),
        (Reply(454, "4.7.0 Too many login attempts, please try again later"), Stage.AUTH),
        (Reply(432, "4.3.2 Concurrent connections limit exceeded"), Stage.AUTH),
    ],
)
def test_a_refusal_that_speaks_of_connections_is_learned(reply, stage):
    pace = Pace(connections=5)
    assert 1 <= pace.turned_away(reply, stage, 3, 100.0) <= 2
    assert pace.connections(101.0) == 3
    assert list(pace.learned()) == [Learned(ACCOUNT, connections=3)]
    later = Pace(connections=5, learned=pace.learned())
    assert later.connections(0.0) == 3
    for number in range(6):
        later.connections(100.0 * number)
        later.connected(number)
    assert list(later.learned()) == [Learned(ACCOUNT)], "what was known holds no more"


def test_there_is_always_one_connection_and_never_more_than_the_settings_say():
    assert Concurrency(3, found=8).limit(0) == 3
    few = Concurrency(3)
    few.refused(0, there=0)
    assert few.limit(0) == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Accepted(Reply(250, "Ok")), None),
        (Uncertain("lost"), None),
        (Untried("the connection was reset", Stage.DATA), None),
        (Untried("451 4.3.0 Try again later", Stage.RCPT), None),
        (Deferred(Reply(450, "4.2.0 busy"), Stage.RCPT), None),
        (Rejected(Reply(550, "5.1.1 unknown"), Stage.RCPT), None),
        (Rejected(Reply(550, "5.2.1 user is receiving mail at a rate that"), Stage.RCPT), Hold(None)),
        (Deferred(Reply(421, "Maximum message count per session reached"), Stage.CONTENT), Hold(0.0)),
        (Deferred(RATE, Stage.CONTENT), Hold(2.0)),
        (Untried(str(RATE), Stage.MAIL), Hold(2.0)),
    ],
)
def test_what_a_reply_leads_to(outcome, expected):
    pace = Pace()
    pace.sent(ACCOUNT, 100.0)
    assert pace.replied("inbox.example", outcome, 100.0) == expected


def test_a_receivers_limit_is_its_own():
    pace = Pace()
    pace.sent("google", 100.0)
    reply = Reply(421, "4.7.28 an unusual rate of mail")
    assert pace.replied("google", Deferred(reply, Stage.CONTENT), 100.0)
    assert pace.delay("google", 100.5) > 0
    assert pace.delay("inbox.example", 100.5) == 0
    assert not pace.unlimited
    assert [each.scope for each in pace.learned()] == ["google"]
