"""The scheduler that `mailer run` is: a look at the clock again and again, each of them one round.

What is due and who has it stands in our own tables, so that any number of these may run beside cron and each
other. When to look next goes by time that passes, not by the clock, which somebody may set. Each round and
each wait has an event loop of its own: a round forks processes, which is safe only where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from logging import getLogger
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from mailer.errors import MailerError, StorageBusy, StorageError, StorageFull
from mailer.schedule.clock_watch import ClockWatch
from mailer.services.rounds import Round, Rounds, check_settings

if TYPE_CHECKING:
    from mailer.domain.send import Send

LONGEST_REST = 900.0  # seconds
LONGEST_ABSENCE = 60.0  # seconds, until it is looked again whether the database is there
AWAY = (StorageBusy, StorageFull, StorageError)
WAITS = "it is waited for: `mailer run` goes on by itself, and sends nothing meanwhile"

log = getLogger(__name__)


@dataclass(slots=True)
class Backoff:
    """How long to leave alone what turned us away: twice as many seconds each time in a row.

    A wrong password tried every ten seconds gets an account locked.
    """

    every: float
    longest: float = LONGEST_REST
    _failures: int = 0
    _until: float = 0.0

    def after(self, now: float, *, turned_away: bool) -> None:
        """Take in how a round ended."""
        self._failures = min(self._failures + 1, 10) if turned_away else 0
        self._until = now + min(self.longest, self.every * 2**self._failures) if turned_away else now

    def lasts(self, now: float) -> bool:
        """Return whether it is too early for another round."""
        return now < self._until


@dataclass(frozen=True, slots=True)
class Looked:
    """How a round went: how many seconds it took, how many errors it met, whether the database was away."""

    seconds: float
    errors: int
    away: bool


class Pulse(Protocol):
    """Who is told that a daemon does its work."""

    def begins(self) -> None:
        """Hear that a round begins, which may take as long as a send does."""

    def ended(self, looked: Looked) -> None:
        """Hear how it went."""


@dataclass(slots=True)
class Daemon:
    """Makes a round each `every` seconds; `time` is what passes, in seconds, whatever the clock says."""

    rounds: Rounds
    every: float
    say: Callable[[str], None]
    complain: Callable[[MailerError], None]
    pulse: Pulse | None = None
    time: Callable[[], float] = monotonic
    _told: set[tuple[int, datetime | None]] = field(default_factory=set)
    _watch: ClockWatch = field(default_factory=ClockWatch)
    _began: bool = False  # one round went well
    _away_since: float | None = None

    def keep_sending(self, looked: Callable[[], bool] = lambda: False) -> None:
        """Make a round now and again until it is asked to stop; then finish the one under way.

        After each, `looked` may say that it was the last one. A database that is away is waited for. Raises
        what ends a round, and Interrupted.
        """
        start = self.time()
        by_server = Backoff(self.every)
        by_database = Backoff(self.every, LONGEST_ABSENCE)
        while not self.rounds.over:
            if not (by_server.lasts(self.time()) or by_database.lasts(self.time())):
                done = self._look()
                by_server.after(self.time(), turned_away=done.turned_away)
                by_database.after(self.time(), turned_away=self._away_since is not None)
            if looked():
                return
            # Beats that were missed during a round are gone.
            self.rounds.rest(self.every - (self.time() - start) % self.every)

    def _look(self) -> Round:
        if words := self._watch.look(self.rounds.app.now(), self.time()):
            self.say(words)
        began = self.time()
        if self.pulse:
            self.pulse.begins()
        try:
            done = self._round()
        finally:
            self.rounds.app.let_go()
        fault = next((error for error in done.errors if isinstance(error, AWAY)), None)
        self._be_away(fault) if fault else self._be_back()
        for report in done.reports:
            self.say(report.text())
        for error in done.errors:
            if not isinstance(error, AWAY):
                self.complain(error)
        if self.pulse:
            self.pulse.ended(Looked(self.time() - began, len(done.errors), bool(fault)))
        return done

    def _round(self) -> Round:
        try:
            if self._away_since is not None:
                self.rounds.return_to_work()
            # What is wrong with the settings ends it now, and not when something falls due.
            check_settings(self.rounds.app)
            done = self.rounds.make(self.say, self._is_news)
        except AWAY as fault:
            # What was no database to begin with won't become one.
            if isinstance(fault, StorageError) and not self._began:
                raise
            return Round(errors=[fault])
        self._began = True
        return done

    def _is_news(self, send: Send) -> bool:
        word = (send.id, send.halted_at)
        new = word not in self._told
        self._told.add(word)
        return new

    def _be_away(self, fault: MailerError) -> None:
        log.info("the database is away: %s", fault.problem)
        if self._away_since is None:
            self._away_since = self.time()
            self.complain(MailerError(fault.problem, next_step=WAITS))

    def _be_back(self) -> None:
        if self._away_since is not None:
            gone = self.time() - self._away_since
            self.say(f"The database is there again, after {gone:,.0f} s.")
            self._away_since = None
