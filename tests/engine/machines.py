"""Machines on a virtual clock that share an account by a row of a database, each with a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simulation import OK, START, Provider, Run

from mailer.engine.pacing.asking import Answer, Asker, Question
from mailer.engine.pacing.dealing import RENEW_EVERY, SharedAccount
from mailer.engine.pacing.pace import Pace
from mailer.engine.pacing.rate import INFINITE

FAR = 3600.0  # seconds
DATABASE_BEHIND = 1234.5  # seconds


@dataclass
class Database:
    """The account's row, and what the ledger has counted of the messages that may go."""

    allowed: int | None = None
    counted: int = 0
    state: str = ""

    def count(self, messages: int) -> None:
        self.counted += messages

    def left(self) -> int | None:
        return None if self.allowed is None else self.allowed - self.counted


@dataclass
class Machine:
    """One of them. Its questions take up to `slow` seconds each way; its ledger is up to a second behind."""

    name: str
    database: Database
    run: Run
    asker: Asker
    slow: float = 0.02
    alive: bool = True
    random: Random = field(default_factory=lambda: Random(1))
    _flushed: int = 0

    def __post_init__(self) -> None:
        self.run.pace.tell = self._tell
        self._ask()
        self.run.at(self.run.now + 1.0, self._flush)

    def _tell(self, refusal) -> None:
        self.asker.tell(refusal)
        self._ask(again=False)

    def _ask(self, *, again: bool = True) -> None:
        run = self.run
        question = self.asker.question(run.clock)
        run.at(run.now + self.random.uniform(0, self.slow), lambda: self._agree(question), at_server=True)
        if again:
            run.at(run.now + RENEW_EVERY, self._ask)

    def _agree(self, question: Question) -> None:
        account = SharedAccount.load(self.database.state)
        run = self.run
        # Whatever clock the machine has, it counts seconds as everybody does.
        answer = self.asker.agree(
            question, account, self.database, None, run.now - DATABASE_BEHIND, run.clock
        )
        self.database.state = account.dump()
        run.at(run.now + self.random.uniform(0, self.slow), lambda: self._heed(question, answer))

    def _heed(self, question: Question, answer: Answer) -> None:
        if self.asker.heed(question, answer):
            self.run.at(self.run.now + 0.1, lambda: self._ask(again=False))

    def _flush(self) -> None:
        new = self.run.answered[self._flushed :]
        self._flushed = len(self.run.answered)
        self.database.count(sum(outcome is OK for outcome in new))
        self.run.pace.recorded(len(new))
        self.run.at(self.run.now + 1.0, self._flush)

    def kill(self) -> None:
        """End at once; what is on its way arrives."""
        self.alive = False
        self.run.sleep(float("inf"))

    def stop_for(self, seconds: float) -> None:
        """Stand still for a while, and go on."""
        self.run.sleep(self.run.now + seconds)


def machine(
    number: int,
    database: Database,
    provider: Provider,
    messages: list[tuple[str, int]],
    *,
    rate: float = 0.0,
    connections: int = 12,
    now: float = START,
) -> Machine:
    """Return one that sends over the account from `now` on."""
    ahead = FAR * (number - 1)
    pace = Pace(rate, connections)
    # Until the first answer nothing may go: a program waits for it.
    pace.extend(0.0)
    run = Run(provider, pace, messages, seed=number, ahead=ahead, now=now, latency=0.003)
    name = f"machine-{number}"
    asker = Asker(name, now + ahead, pace, rate or INFINITE, connections)
    return Machine(name, database, run, asker, random=Random(number))


def most_in_a_second(machines: list[Machine]) -> int:
    """Return how many messages got to the server in the busiest second there was, wherever it began."""
    moments = sorted(at for each in machines for at, _ in [*each.run.accepted, *each.run.refused])
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most
