"""How wide the window gets, on a simulated line with a clock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp.window import Moment, Window


@dataclass
class Line:
    """A line that carries one message in `each` seconds, and a server that answers after `trip` more."""

    trip: float
    each: float
    window: Window
    now: float = 0.0
    sent: int = 0
    answered: int = 0
    free_at: float = 0.0  # when the line has carried all it was given
    widest: int = 1

    def __post_init__(self) -> None:
        self.under_way: deque[tuple[float, int]] = deque()

    def run(self, messages: int) -> float:
        """Send so many, as fast as the window lets; return the seconds taken."""
        began, end = self.now, self.sent + messages
        while self.answered < end:
            while self.sent < end and len(self.under_way) < self.window.size:
                self.send()
            self.hear()
        return self.now - began

    def send(self) -> None:
        self.sent += 1
        self.free_at = max(self.free_at, self.now) + self.each
        self.under_way.append((self.free_at + self.trip, self.sent))
        if len(self.under_way) >= self.window.size:
            self.window.filled(self.sent, self.moment)

    def hear(self) -> None:
        self.now, key = self.under_way.popleft()
        self.answered += 1
        self.window.answered(key, self.moment)
        self.widest = max(self.widest, self.window.size)

    @property
    def moment(self) -> Moment:
        return Moment(self.now, self.now)  # it takes no time of its own: all that passes is waited for


# Seconds of round trip, seconds that the line or the server needs a message, the limit; and what follows:
# the widest that the window may ever get, and the least share of the line that must be used.
LINES: dict[str, tuple[float, float, int, int, float]] = {
    "far, fast line": (0.020, 0.0002, 16, 16, 0.15),
    "farther": (0.050, 0.0002, 16, 16, 0.06),
    "far, a slow line": (0.020, 0.005, 16, 8, 0.98),
    "far, a line as slow as the trip": (0.020, 0.020, 16, 4, 0.98),
    "far, a server that takes its time": (0.020, 0.200, 16, 2, 0.98),
    "near, a server that takes its time": (0.0001, 0.005, 16, 2, 0.98),
    "near, a fast line": (0.0001, 0.0001, 16, 4, 0.98),
    "the limit is one": (0.020, 0.0002, 1, 1, 0.0),
    "the limit is four": (0.020, 0.0002, 4, 4, 0.03),
    "no limit to speak of": (0.020, 0.001, 1000, 64, 0.95),
}


@pytest.mark.parametrize("trip, each, limit, widest, share", LINES.values(), ids=LINES)
def test_as_wide_as_the_round_trip_needs(
    trip: float, each: float, limit: int, widest: int, share: float
) -> None:
    line = Line(trip, each, Window(limit))
    line.run(300)  # to find out
    took = line.run(2000)
    assert line.widest <= widest
    assert 2000 * each / took >= share


def test_it_grows_to_its_limit_within_a_few_round_trips() -> None:
    line = Line(0.020, 0.0001, Window(16))
    line.run(31)
    assert line.window.size == 16 and line.now < 6 * 0.020


def test_a_line_that_gets_busier_gets_a_narrower_window() -> None:
    line = Line(0.020, 0.001, Window(16))
    line.run(300)
    before = line.window.size
    line.each = 0.010
    line.run(300)
    assert line.window.size < before / 2


@dataclass
class Busy:
    """A process with several connections, to a server that takes `each` seconds a message, one at a time.

    Each time it looks it takes what has come on any of them, fills each window again, which is `work` seconds
    a waking and as many a message, and only then writes and looks again.
    """

    trip: float
    each: float
    work: tuple[float, float]
    connections: int
    now: float = 0.0
    waited: float = 0.0
    free_at: float = 0.0
    wakings: int = 0
    keys: int = 0

    def __post_init__(self) -> None:
        self.windows = [Window(16) for _ in range(self.connections)]
        self.under_way: list[deque[tuple[float, int]]] = [deque() for _ in self.windows]

    @property
    def widths(self) -> float:
        return sum(window.size for window in self.windows) / self.connections

    def run(self, messages: int) -> None:
        """Have so many answered."""
        self.turn(range(self.connections))
        end = self.keys + messages
        while self.keys < end:
            soonest = min(flight[0][0] for flight in self.under_way)
            self.waited += max(0.0, soonest - self.now)
            self.now = max(self.now, soonest)
            self.turn([n for n, flight in enumerate(self.under_way) if flight[0][0] <= self.now])

    def turn(self, ready: Sequence[int]) -> None:
        began = Moment(self.now, self.waited)
        self.wakings += len(ready)
        written = [(n, key) for n in ready for key in self.fill(n, began)]
        self.now += len(ready) * self.work[0] + len(written) * self.work[1]
        self.free_at = max(self.free_at, self.now + self.trip / 2)
        for n, key in written:
            self.free_at += self.each
            self.under_way[n].append((self.free_at + self.trip / 2, key))

    def fill(self, n: int, began: Moment) -> Iterator[int]:
        """Hear what has come, then yield the keys of as many as there is room for."""
        window, flight = self.windows[n], self.under_way[n]
        while flight and flight[0][0] <= began.now:
            window.answered(flight.popleft()[1], began)
        room = window.size - len(flight)
        for more in range(room):
            self.keys += 1
            if more == room - 1:
                window.filled(self.keys, began)
            yield self.keys


FILL = (0.00005, 0.00003)  # seconds of work a waking, a message

# Seconds of round trip, seconds that the server needs a message, seconds of our own work a waking and a
# message, connections; and how wide windows are in the end, on average: at least and at most.
WORK: dict[str, tuple[float, float, tuple[float, float], int, float, float]] = {
    "near, and we are the slower": (0.00005, 0.000005, FILL, 20, 16, 16),
    "near, one connection": (0.00005, 0.000005, FILL, 1, 16, 16),
    "near, the record takes its time": (0.00005, 0.000005, (0.005, 0.00003), 20, 16, 16),
    "near, the server is a little the faster": (0.00005, 0.00002, FILL, 20, 12, 16),
    "near, the server is the slower": (0.00005, 0.0005, FILL, 20, 1, 2),
    "near, the server is slow": (0.00005, 0.005, FILL, 20, 1, 2),
    "far, and we are the slower": (0.020, 0.000005, FILL, 20, 16, 16),
    "far, one connection": (0.020, 0.000005, FILL, 1, 16, 16),
    "far, the server is the slower": (0.020, 0.0005, FILL, 20, 2, 6),
    "far, the server is slow": (0.020, 0.005, FILL, 20, 1, 2),
    "far, a slow server, one connection": (0.020, 0.005, FILL, 1, 4, 8),
}


@pytest.mark.parametrize("trip, each, work, connections, least, most", WORK.values(), ids=WORK)
def test_our_own_work_is_no_queue(
    trip: float, each: float, work: tuple[float, float], connections: int, least: float, most: float
) -> None:
    process = Busy(trip, each, work, connections)
    process.run(20_000)
    assert least <= process.widths <= most


def test_wakings_are_shared_by_many_messages_where_we_are_the_slower() -> None:
    process = Busy(0.00005, 0.000005, FILL, 20)
    process.run(2000)  # to find out
    before, process.wakings = process.wakings, 0
    process.run(16_000)
    assert process.wakings <= 16_000 / 16 + 20 < before * 16


def test_a_window_that_follows_another_begins_as_wide_and_knows_the_wire() -> None:
    first = Line(0.020, 0.001, Window(16))
    first.run(100)
    # The line is full by now: all that comes over it is late for whoever doesn't know how fast it can be.
    second = Line(0.020, 0.001, Window(16), now=first.now, free_at=first.now + 0.040)
    second.window.follow(first.window)
    assert second.window.size == first.window.size > 8
    second.run(100)
    assert second.widest <= 16 and second.window.size <= first.window.size


def test_a_window_that_follows_another_keeps_to_its_own_limit() -> None:
    first, second = Line(0.020, 0.0001, Window(16)), Window(4)
    first.run(200)
    second.follow(first.window)
    assert second.size == 4


def test_a_source_that_runs_dry_narrows_it_down_to_one() -> None:
    # A rate lets a message through now and then: more than one under way is in doubt for nothing.
    line = Line(0.020, 0.0001, Window(16))
    line.run(200)
    assert line.window.size == 16
    for _ in range(6):
        line.run(1)
        line.window.dry()
    assert line.window.size == 1


def test_a_source_with_less_than_the_window_doesnt_widen_it() -> None:
    line = Line(0.020, 0.0001, Window(16))
    for _ in range(50):
        line.run(1)
        line.window.dry()
    assert line.widest == 2 and line.window.size == 1


@given(
    st.lists(st.tuples(st.sampled_from("fad"), st.integers(0, 5), st.floats(0, 10))),
    st.integers(0, 20),
    st.floats(0, 1),
)
def test_it_stays_between_one_and_its_limit_whatever_happens(
    events: list[tuple[str, int, float]], limit: int, idle: float
) -> None:
    window, now = Window(limit), 0.0
    for what, key, passed in events:
        now += passed
        if what == "d":
            window.dry()
        else:
            (window.filled if what == "f" else window.answered)(key, Moment(now, now * idle))
        assert 1 <= window.size <= max(1, limit)
