"""An account's limits among several processes: what one meets the others hear, and all are one account."""

from __future__ import annotations

from mailer.domain.learned import ACCOUNT, Learned, QuotaFound, RateFound
from mailer.domain.outcome import Accepted, Deferred, Reply, Stage
from mailer.domain.throttle import CONCURRENCY, RATE
from mailer.engine.pacing.pace import LimitMet, Pace
from mailer.engine.pacing.share import Grant
from mailer.engine.pipe import Connected, Order
from mailer.engine.shared_limits import SharedLimits

NOW = 1_764_000_000.0
SLOWER = Deferred(Reply(454, "Throttling failure: Maximum sending rate exceeded"), Stage.CONTENT)
DAY_OVER = Deferred(Reply(454, "Throttling failure: Daily message quota exceeded"), Stage.CONTENT)
GMAIL = Deferred(Reply(421, "4.7.28 an unusual rate of mail"), Stage.CONTENT)
TAKEN = Accepted(Reply(250, "2.0.0 Ok"))


class Processes:
    """Paces that share an account's limits, joined as processes and their parent are, without a pipe."""

    def __init__(self, number: int, connections: int = 6, learned=(), rate: float = 0.0) -> None:
        self.shared = SharedLimits(number, rate, connections, learned, NOW)
        self.paces = [self.shared.pace(place) for place in range(self.shared.number)]
        self.finished: set[int] = set()
        self.now = NOW
        for place, pace in enumerate(self.paces):
            pace.tell = lambda refusal, place=place: self.say(place, refusal)

    def say(self, place: int, said) -> None:
        self.tell(self.shared.heard(place, said, self.now))

    def tell(self, words) -> None:
        for place, said in words:
            if said is Order.FINISH:
                self.finished.add(place)
            elif isinstance(said, Grant):
                self.paces[place].grant(said)
            elif isinstance(said, Learned):
                self.paces[place].level(said)
            else:
                self.paces[place].hear(said)

    def up(self, *numbers: int) -> None:
        for place, number in enumerate(numbers):
            self.paces[place].connected(number)
            self.say(place, Connected(number))

    @property
    def connections(self) -> list[int]:
        return [pace.connections(self.now) for pace in self.paces]

    @property
    def learned(self) -> dict[str, Learned]:
        for place, pace in enumerate(self.paces):
            for each in pace.learned():
                self.say(place, each)
        return {each.scope: each for each in self.shared.learned()}


def send(pace: Pace, number: int, now: float, receiver: str = "inbox.example") -> None:
    for place in range(number):
        assert pace.delay(receiver, now + place / number) == 0
        pace.sent(receiver, now + place / number)
        pace.replied(receiver, TAKEN, now + place / number)


def test_what_one_is_refused_slows_all_of_them_each_by_its_own():
    processes = Processes(2)
    fast, slow = processes.paces
    send(fast, 80, NOW)
    send(slow, 40, NOW)
    fast.replied("inbox.example", SLOWER, NOW + 1)
    for pace in processes.paces:
        assert 0 < pace.delay("inbox.example", NOW + 1.1) <= 1
        assert pace.delay("inbox.example", NOW + 2.1) == 0
    found = processes.learned[ACCOUNT].rate
    assert found is not None
    assert found.ceiling == 120, "what both tried together"


def test_who_had_only_begun_gets_as_much_of_the_rate_as_the_others():
    processes = Processes(2)
    busy, late = processes.paces
    send(busy, 99, NOW)
    send(late, 1, NOW)
    busy.replied("inbox.example", SLOWER, NOW + 1)
    found = processes.learned[ACCOUNT].rate
    assert found is not None
    assert found.ceiling == 100, "what both tried together"
    shares = [each.rate.ceiling for pace in processes.paces for each in pace.learned() if each.rate]
    assert shares == [50, 50]


def test_a_refusal_is_told_once_and_never_back():
    processes = Processes(3)
    told = []
    for place, pace in enumerate(processes.paces):

        def tell(refusal, place=place):
            told.append(place)
            processes.say(place, refusal)

        pace.tell = tell
        send(pace, 10, NOW)
    for pace in processes.paces:
        for _ in range(5):
            pace.replied("inbox.example", SLOWER, NOW + 1.05)
    assert told == [0]


def test_a_limit_of_a_mailbox_provider_is_the_others_too_and_only_for_that_one():
    processes = Processes(2)
    first, other = processes.paces
    send(first, 10, NOW, "google")
    send(other, 10, NOW, "google")
    first.replied("google", GMAIL, NOW + 1)
    assert other.delay("google", NOW + 1.1) > 0
    assert other.delay("inbox.example", NOW + 1.1) == 0
    assert {scope: each.rate and each.rate.ceiling for scope, each in processes.learned.items()} == {
        "google": 20
    }


def test_a_quota_that_one_used_up_is_used_up_for_all_until_the_same_time():
    processes = Processes(2)
    send(processes.paces[0], 30, NOW)
    processes.paces[0].replied("inbox.example", DAY_OVER, NOW + 5)
    ends = [pace.parked_until(NOW + 6) for pace in processes.paces]
    assert ends[0] is not None and ends[0] > NOW + 86400
    assert ends[0] == ends[1], "also for the one that has sent nothing and knows nothing of a window"
    found = processes.learned[ACCOUNT].quota
    assert found is not None
    assert (found.number, found.used, found.parked_until) == (30, 30, ends[0])


def test_what_is_left_of_a_known_quota_is_dealt_out():
    known = Learned(ACCOUNT, quota=QuotaFound(100, 86400.0, NOW - 3600, 40))
    processes = Processes(3, learned=[known])
    for pace in processes.paces:
        while not pace.delay("inbox.example", NOW):
            send(pace, 1, NOW)
    found = processes.learned[ACCOUNT].quota
    assert found is not None
    assert (found.number, found.used) == (100, 100)


def test_what_was_known_is_dealt_out_and_remembered_whole_also_if_one_says_nothing():
    known = [
        Learned(ACCOUNT, RateFound(28, 30, 120), None, 4),
        Learned("google", RateFound(3, 4, 60)),
    ]
    processes = Processes(2, learned=known)
    assert processes.connections == [2, 2]
    assert sorted(processes.shared.learned(), key=lambda each: each.scope) == known
    for each in processes.paces[0].learned():
        processes.say(0, each)
    processes.shared.ended(1)
    rates = {each.scope: each.rate for each in processes.shared.learned()}
    assert rates[ACCOUNT].ceiling == 30
    assert rates["google"].ceiling == 4


def test_the_rate_of_the_settings_is_dealt_out():
    processes = Processes(3, rate=9.0)
    sent, now = 0, NOW
    while now < NOW + 10:
        for pace in processes.paces:
            if not pace.delay("inbox.example", now):
                pace.sent("inbox.example", now)
                sent += 1
        now += 0.01
    assert 88 <= sent <= 93


def test_connections_that_there_may_be_are_dealt_out_evenly():
    processes = Processes(2)
    assert processes.connections == [3, 3]
    processes.up(3, 0)
    assert 1 <= processes.paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 0, NOW) <= 2
    assert processes.connections == [2, 1], "three are up: so many there may be"
    assert processes.finished == set()
    processes.up(2, 1)
    assert processes.learned == {ACCOUNT: Learned(ACCOUNT, connections=3)}


def test_who_gets_no_connection_is_told_to_finish():
    processes = Processes(3)
    processes.up(1, 0, 0)
    processes.paces[2].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 0, NOW)
    assert processes.finished == {1, 2}
    assert processes.connections[0] == 1
    processes.shared.ended(1)
    processes.shared.ended(2)
    assert processes.learned == {ACCOUNT: Learned(ACCOUNT, connections=1)}


def test_one_more_is_tried_after_a_while_by_one_of_them():
    processes = Processes(2)
    processes.up(2, 1)
    processes.paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 1, NOW)
    assert processes.connections == [2, 1]
    for after, expected in ((59, [2, 1]), (61, [2, 2])):
        processes.now = NOW + after
        processes.tell(processes.shared.passed(processes.now))
        assert processes.connections == expected
    processes.paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 1, processes.now)
    assert processes.connections == [2, 1]
    processes.now += 100
    processes.tell(processes.shared.passed(processes.now))
    assert processes.connections == [2, 1], "that one was refused: twice as long"
    processes.now += 30
    processes.tell(processes.shared.passed(processes.now))
    assert processes.connections == [2, 2]


def test_no_more_hands_than_connections():
    assert SharedLimits(8, 0.0, 3, [], NOW).number == 3
    assert SharedLimits(8, 0.0, 5, [Learned(ACCOUNT, connections=2)], NOW).number == 2


def test_nothing_met_is_nothing_to_remember():
    processes = Processes(2)
    send(processes.paces[0], 10, NOW)
    assert processes.learned == {}


def test_what_holds_no_more_is_said_to_be_forgotten():
    processes = Processes(2, learned=[Learned(ACCOUNT, connections=5)])
    processes.now += 61
    processes.tell(processes.shared.passed(processes.now))
    processes.up(3, 2)
    processes.up(3, 3)
    assert processes.learned == {ACCOUNT: Learned(ACCOUNT)}


def test_without_others_a_refusal_goes_nowhere():
    alone = SharedLimits(1, 0.0, 4, [], NOW)
    assert list(alone.heard(0, LimitMet(RATE, ACCOUNT, NOW, NOW + 1), NOW)) == []
    assert list(alone.heard(0, LimitMet(CONCURRENCY, ACCOUNT, NOW, NOW, 2), NOW)) == [
        (0, Grant(connections=2))
    ]


def test_a_limit_that_is_met_or_heeded_is_logged(caplog):
    processes = Processes(2)
    with caplog.at_level("INFO", "mailer"):
        processes.paces[0].replied("inbox.example", DAY_OVER, NOW)
        processes.paces[0].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 1, NOW)
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("limit met, quota of the account: nothing goes for ")
    assert said[1] == "limit heeded that another process met, quota of the account"
    assert said[2] == "limit met, connections: 1 at most from now on"
