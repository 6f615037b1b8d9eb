"""An account's limits among several hands: what one meets the others hear, and together it is one account."""

from __future__ import annotations

from mailer.domain.learned import ACCOUNT, Learned, QuotaFound, RateFound
from mailer.domain.outcome import Accepted, Deferred, Reply, Stage
from mailer.domain.throttle import CONCURRENCY, RATE
from mailer.engine.pacing import LimitMet, Pace
from mailer.engine.pipe import Allowed, Connected, Order
from mailer.engine.shared_limits import SharedLimits

NOW = 1_764_000_000.0
SLOWER = Deferred(Reply(454, "Throttling failure: Maximum sending rate exceeded"), Stage.CONTENT)
DAY_OVER = Deferred(Reply(454, "Throttling failure: Daily message quota exceeded"), Stage.CONTENT)
GMAIL = Deferred(Reply(421, "4.7.28 an unusual rate of mail"), Stage.CONTENT)
TAKEN = Accepted(Reply(250, "2.0.0 Ok"))


class Hands:
    """Paces that share an allotment, joined as hands and their parent are, without a line in between."""

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
            elif isinstance(said, Allowed):
                self.paces[place].allow(said.number)
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
    hands = Hands(2)
    fast, slow = hands.paces
    send(fast, 80, NOW)
    send(slow, 40, NOW)
    fast.replied("inbox.example", SLOWER, NOW + 1)
    for pace in hands.paces:
        assert 0 < pace.delay("inbox.example", NOW + 1.1) <= 1
        assert pace.delay("inbox.example", NOW + 2.1) == 0
    found = hands.learned[ACCOUNT].rate
    assert found is not None
    assert found.ceiling == 120, "what both tried together"


def test_a_refusal_is_told_once_and_never_back():
    hands = Hands(3)
    told = []
    for place, pace in enumerate(hands.paces):
        pace.tell = lambda refusal, place=place: (told.append(place), hands.say(place, refusal))
        send(pace, 10, NOW)
    for pace in hands.paces:
        for _ in range(5):
            pace.replied("inbox.example", SLOWER, NOW + 1.05)
    assert told == [0]


def test_a_limit_of_a_mailbox_provider_is_the_others_too_and_only_for_that_one():
    hands = Hands(2)
    first, other = hands.paces
    send(first, 10, NOW, "google")
    send(other, 10, NOW, "google")
    first.replied("google", GMAIL, NOW + 1)
    assert other.delay("google", NOW + 1.1) > 0
    assert other.delay("inbox.example", NOW + 1.1) == 0
    assert {scope: each.rate and each.rate.ceiling for scope, each in hands.learned.items()} == {"google": 20}


def test_a_quota_that_one_used_up_is_used_up_for_all_until_the_same_time():
    hands = Hands(2)
    send(hands.paces[0], 30, NOW)
    hands.paces[0].replied("inbox.example", DAY_OVER, NOW + 5)
    ends = [pace.parked_until(NOW + 6) for pace in hands.paces]
    assert ends[0] is not None and ends[0] > NOW + 86400
    assert ends[0] == ends[1], "also for the one that has sent nothing and knows nothing of a window"
    found = hands.learned[ACCOUNT].quota
    assert found is not None
    assert (found.number, found.used, found.parked_until) == (30, 30, ends[0])


def test_what_is_left_of_a_known_quota_is_dealt_out():
    known = Learned(ACCOUNT, quota=QuotaFound(100, 86400.0, NOW - 3600, 40))
    hands = Hands(3, learned=[known])
    for pace in hands.paces:
        while not pace.delay("inbox.example", NOW):
            send(pace, 1, NOW)
    found = hands.learned[ACCOUNT].quota
    assert found is not None
    assert (found.number, found.used) == (100, 100)


def test_what_was_known_is_dealt_out_and_remembered_whole_also_if_one_says_nothing():
    known = [
        Learned(ACCOUNT, RateFound(28, 30, 120), None, 4),
        Learned("google", RateFound(3, 4, 60)),
    ]
    hands = Hands(2, learned=known)
    assert hands.connections == [2, 2]
    assert sorted(hands.shared.learned(), key=lambda each: each.scope) == known
    for each in hands.paces[0].learned():
        hands.say(0, each)
    hands.shared.ended(1)
    rates = {each.scope: each.rate for each in hands.shared.learned()}
    assert rates[ACCOUNT].ceiling == 30
    assert rates["google"].ceiling == 4


def test_the_rate_of_the_settings_is_dealt_out():
    hands = Hands(3, rate=9.0)
    sent, now = 0, NOW
    while now < NOW + 10:
        for pace in hands.paces:
            if not pace.delay("inbox.example", now):
                pace.sent("inbox.example", now)
                sent += 1
        now += 0.01
    assert 88 <= sent <= 93


def test_connections_that_there_may_be_are_dealt_out_evenly():
    hands = Hands(2)
    assert hands.connections == [3, 3]
    hands.up(3, 0)
    assert 1 <= hands.paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 0, NOW) <= 2
    assert hands.connections == [2, 1], "three are up: so many there may be"
    assert hands.finished == set()
    hands.up(2, 1)
    assert hands.learned == {ACCOUNT: Learned(ACCOUNT, connections=3)}


def test_who_gets_no_connection_is_told_to_finish():
    hands = Hands(3)
    hands.up(1, 0, 0)
    hands.paces[2].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 0, NOW)
    assert hands.finished == {1, 2}
    assert hands.connections[0] == 1
    hands.shared.ended(1)
    hands.shared.ended(2)
    assert hands.learned == {ACCOUNT: Learned(ACCOUNT, connections=1)}


def test_one_more_is_tried_after_a_while_by_one_of_them():
    hands = Hands(2)
    hands.up(2, 1)
    hands.paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 1, NOW)
    assert hands.connections == [2, 1]
    for after, expected in ((59, [2, 1]), (61, [2, 2])):
        hands.now = NOW + after
        hands.tell(hands.shared.passed(hands.now))
        assert hands.connections == expected
    hands.paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 1, hands.now)
    assert hands.connections == [2, 1]
    hands.now += 100
    hands.tell(hands.shared.passed(hands.now))
    assert hands.connections == [2, 1], "that one was refused: twice as long"
    hands.now += 30
    hands.tell(hands.shared.passed(hands.now))
    assert hands.connections == [2, 2]


def test_no_more_hands_than_connections():
    assert SharedLimits(8, 0.0, 3, [], NOW).number == 3
    assert SharedLimits(8, 0.0, 5, [Learned(ACCOUNT, connections=2)], NOW).number == 2


def test_nothing_met_is_nothing_to_remember():
    hands = Hands(2)
    send(hands.paces[0], 10, NOW)
    assert hands.learned == {}


def test_what_holds_no_more_is_said_to_be_forgotten():
    hands = Hands(2, learned=[Learned(ACCOUNT, connections=5)])
    hands.now += 61
    hands.tell(hands.shared.passed(hands.now))
    hands.up(3, 2)
    hands.up(3, 3)
    assert hands.learned == {ACCOUNT: Learned(ACCOUNT)}


def test_without_others_a_refusal_goes_nowhere():
    alone = SharedLimits(1, 0.0, 4, [], NOW)
    assert list(alone.heard(0, LimitMet(RATE, ACCOUNT, NOW, NOW + 1), NOW)) == []
    assert list(alone.heard(0, LimitMet(CONCURRENCY, ACCOUNT, NOW, NOW, 2), NOW)) == [(0, Allowed(2))]
