"""A sender on a virtual clock: the pacing and the waiting lines of the program, scripted servers, no socket.

Messages, connections and replies are events on a heap; a whole day takes seconds. What a refusal holds back
waits until it is due, as the ledger would keep it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from mailer.domain.learned import ACCOUNT, Learned
from mailer.domain.outcome import Accepted, Deferred, Outcome, Reply, Stage
from mailer.engine.pacing.domain_queues import DomainQueues
from mailer.engine.pacing.pace import Pace
from mailer.engine.pacing.share import Grant
from mailer.engine.shared_limits import SharedLimits

OK = Accepted(Reply(250, "2.0.0 Ok"))
RETRY = 900.0  # seconds: what the retry policy would say
DAY = 86400.0
START = 1_764_000_000.0 // DAY * DAY  # midnight


def refusal(line: str) -> Deferred:
    code, _, text = line.partition(" ")
    return Deferred(Reply(int(code), text), Stage.CONTENT)


class Bucket:
    """A limiter that saves up: `rate` messages a second (may depend on the time), `depth` at once."""

    def __init__(self, rate: float | Callable[[float], float], depth: float) -> None:
        self.rate, self.depth = rate, depth
        self.tokens, self.at = depth, START

    def __call__(self, now: float) -> bool:
        rate = self.rate(now) if callable(self.rate) else self.rate
        self.tokens, self.at = min(self.depth, self.tokens + (now - self.at) * rate), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Sliding:
    """A limiter that counts what it took in the last `span` seconds."""

    def __init__(self, number: int, span: float) -> None:
        self.number, self.span = number, span
        self.taken: deque[float] = deque()

    def __call__(self, now: float) -> bool:
        while self.taken and self.taken[0] <= now - self.span:
            self.taken.popleft()
        if len(self.taken) >= self.number:
            return False
        self.taken.append(now)
        return True


class Fixed(Sliding):
    """A limiter that counts by the clock: each minute, hour or day anew."""

    def __call__(self, now: float) -> bool:
        while self.taken and self.taken[0] // self.span != now // self.span:
            self.taken.popleft()
        if len(self.taken) >= self.number:
            return False
        self.taken.append(now)
        return True


@dataclass
class Provider:
    """A server with limiters, each with its words; a limiter may be for one receiver only.

    More than `connections` at once are turned away.
    """

    limits: list[tuple[Callable[[float], bool], str, str | None]] = field(default_factory=list)
    connections: int = 1000

    def reply(self, receiver: str, now: float) -> Outcome:
        for limiter, words, whose in self.limits:
            if whose in (None, receiver) and not limiter(now):
                return refusal(words)
        return OK


@dataclass
class Run:
    """Messages are (receiver, number). `latency` (seconds, each way) is the sender's."""

    provider: Provider
    pace: Pace
    messages: list[tuple[str, int]]
    latency: float = 0.025
    look: float = 1.0  # seconds after which it is looked again for how many connections there may be
    seed: int = 0
    ahead: float = 0.0  # seconds that its clock is ahead of everybody else's
    now: float = START
    accepted: list[tuple[float, tuple[str, int]]] = field(default_factory=list)
    refused: list[tuple[float, tuple[str, int]]] = field(default_factory=list)
    turned_away: list[float] = field(default_factory=list)
    answered: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._lines: DomainQueues[tuple[str, int]] = DomainQueues(lambda message: message[0])
        self._queue: dict[str, deque[int]] = {}  # places in `messages`, by receiver
        for place, (receiver, _) in enumerate(self.messages):
            self._queue.setdefault(receiver, deque()).append(place)
        self._due: list[tuple[float, tuple[str, int]]] = []
        self._events: list[tuple[float, int, Callable[[], None], bool]] = []
        self._number = 0
        self._up = self._opening = 0
        self._none_before = self.now
        self.at(self.now, self._open)

    @property
    def clock(self) -> float:
        return self.now + self.ahead

    def until(self, end: float) -> None:
        """Let time pass."""
        until([self], end)

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, event, _ = heapq.heappop(self._events)
        event()

    @property
    def next(self) -> float:
        """When that is."""
        return self._events[0][0] if self._events else float("inf")

    def at(self, when: float, event: Callable[[], None], *, at_server: bool = False) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, event, at_server))

    def sleep(self, until: float) -> None:
        """Do nothing until then; what is on its way arrives."""
        late = [
            (when if at_server else max(when, until), number, event, at_server)
            for when, number, event, at_server in self._events
        ]
        self._events = late
        heapq.heapify(self._events)

    def _trip(self) -> float:
        return self.latency * self._random.uniform(1.0, 1.5)

    def _open(self) -> None:
        """Have as many connections as there may be; look again now and then."""
        while self.now >= self._none_before and self._up + self._opening < self.pace.connections(self.clock):
            self._opening += 1
            self.at(self.now + self._trip(), self._greeted)
        self.at(self.now + self.look, self._open)

    def _greeted(self) -> None:
        self._opening -= 1
        if self._up < self.provider.connections:
            self._up += 1
            self.pace.connected(self._up)
            self._work()
        else:
            self.turned_away.append(self.now)
            reply = Reply(421, "4.7.0 Too many connections")
            self._none_before = self.now + self.pace.turned_away(reply, Stage.CONNECT, self._up, self.clock)

    def _work(self) -> None:
        """One connection takes the next message, or waits."""
        if self._up > self.pace.connections(self.clock):
            self._up -= 1
            self.pace.connected(self._up)
            return
        message = self._take()
        if message is None:
            self.at(self.now + self._pause(), self._work)
            return
        self.pace.sent(message[0], self.clock)
        self.at(self.now + self._trip(), lambda: self._arrive(message), at_server=True)

    def _take(self) -> tuple[str, int] | None:
        if self.pace.delay(ACCOUNT, self.clock):
            return None
        while self._due and self._due[0][0] <= self.now:
            self._lines.put([heapq.heappop(self._due)[1]])
        message = self._next()
        while message is None and not self._lines.open and (claims := self._claim(20)):
            self._lines.put(claims)
            message = self._next()
        return message

    def _claim(self, number: int) -> list[tuple[str, int]]:
        """Take the next ones from the queue, without those of whom enough wait."""
        claims: list[tuple[str, int]] = []
        queues = [queue for receiver, queue in self._queue.items() if receiver not in self._lines.full]
        while len(claims) < number and (queues := [queue for queue in queues if queue]):
            claims.append(self.messages[min(queues, key=lambda queue: queue[0]).popleft()])
        return claims

    def _next(self) -> tuple[str, int] | None:
        return self._lines.take(lambda receiver: not self.pace.delay(receiver, self.clock))

    def _pause(self) -> float:
        left = any(queue for receiver, queue in self._queue.items() if receiver not in self._lines.full)
        scopes = [ACCOUNT] if left else []
        scopes += [*self._lines.held, *(message[0] for message in list(self._lines.open)[:1])]
        waits = [self.pace.delay(scope, self.clock) for scope in scopes]
        if self._due:
            waits.append(max(self._due[0][0] - self.now, self.pace.delay(ACCOUNT, self.clock)))
        return max(min(waits, default=self.look), 0.001) + self._random.uniform(0, 0.001)

    def _arrive(self, message: tuple[str, int]) -> None:
        outcome = self.provider.reply(message[0], self.now)
        (self.accepted if outcome is OK else self.refused).append((self.now, message))
        self.at(self.now + self._trip(), lambda: self._answered(message, outcome))

    def _answered(self, message: tuple[str, int], outcome: Outcome) -> None:
        self.answered.append(outcome)
        hold = self.pace.replied(message[0], outcome, self.clock)
        if outcome is not OK:
            after = RETRY if hold is None or hold.after is None else hold.after
            heapq.heappush(self._due, (self.now + after, message))
        self._work()

    def rate(self, since: float, until: float) -> float:
        """Messages a second that were accepted in this time."""
        return sum(since <= at < until for at, _ in self.accepted) / (until - since)

    def breaches(self, since: float, until: float) -> int:
        return sum(since <= at < until for at, _ in self.refused)


def until(runs: list[Run], end: float) -> None:
    """Let time pass for several senders, who may share a provider."""
    while (first := min(runs, key=lambda run: run.next)).next <= end:
        first.step()
    for run in runs:
        run.now = end


def several(number: int, provider: Provider, connections: int, messages: list[tuple[str, int]]) -> list[Run]:
    """Return senders that share an account as processes do: what one tells arrives 0.1 to 0.2 s later."""
    shared = SharedLimits(number, 0.0, connections, [], START)
    random = Random(number)
    runs = [Run(provider, shared.pace(place), messages[place::number], seed=place) for place in range(number)]

    def deliver(words) -> None:
        for place, said in words:
            run = runs[place]
            heed = run.pace.grant if isinstance(said, Grant) else run.pace.hear
            heed = run.pace.level if isinstance(said, Learned) else heed
            run.at(run.now + random.uniform(0.1, 0.2), lambda heed=heed, said=said: heed(said))

    for place, run in enumerate(runs):
        run.pace.tell = lambda refusal, place=place, run=run: deliver(shared.heard(place, refusal, run.now))
    return runs
