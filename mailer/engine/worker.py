"""A worker: takes deliveries, fills their messages, feeds the connections and records what comes back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailer.domain.delivery import AT_REST, Claim, Settlement, State, settle
from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Untried
from mailer.engine.brake import Brake
from mailer.engine.feeder import Feeder
from mailer.engine.pacing.pace import Hold, Pace
from mailer.engine.personaliser import Personaliser, PreparedMessage, receiver_of
from mailer.engine.ports import WorkerJournal, WorkerLedger
from mailer.engine.reach import Reach
from mailer.errors import MailerError
from mailer.message.mime.template import MessageTemplate
from mailer.smtp.ending import Ending
from mailer.smtp.envelope import Envelope

FLUSH_AFTER = 2000  # settlements: a commit is forced onto the disk
FLUSH_EVERY = 1.0  # seconds
HEED_EVERY = 0.5  # seconds between looks at what was decided in another process
GLANCE_EVERY = 0.05  # seconds until it is asked whether anybody said anything since, which costs little
REST = 10  # times as long as a look took nothing is asked: where many leave at once sending goes on
RENEW_EVERY = 1.5  # seconds
TRIES = 3  # times that a connection may break under a message before it is left for later

Progress = Callable[[int], None]


@dataclass(slots=True)
class Worker:
    """One send's source of messages (`smtp.pool.Work`) and keeper of their outcomes.

    `template` returns a text of the send by its number.
    """

    ledger: WorkerLedger
    journal: WorkerJournal
    template: Callable[[int], MessageTemplate]
    personaliser: Personaliser
    pace: Pace
    limit: int | None = None
    in_flight: int = 1  # how many messages may be under way at most
    progress: Progress = lambda settled: None  # noqa: ARG005

    _feeder: Feeder = field(init=False)
    _out: dict[int, PreparedMessage] = field(default_factory=dict)
    _unrecorded: list[Settlement] = field(default_factory=list)
    _brake: Brake = field(default_factory=Brake)
    _stopped_by: MailerError | None = None
    _untried: Counter[int] = field(default_factory=Counter)
    _taken: int = 0
    _recorded: Counter[State] = field(default_factory=Counter)
    _flushed_at: float = field(default_factory=time.monotonic)
    _halted: bool = False
    _heeded_at: float = field(default_factory=time.monotonic)
    _glance_at: float = 0.0
    _latest_word: int = 0
    _reach: Reach = field(init=False)
    _renewed_at: float = field(default_factory=time.monotonic)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._reach = Reach(self.ledger.shared)
        self._feeder = Feeder(
            self.ledger, self.pace, self._prepared, self.flush, self._reach, self._mark, self.in_flight
        )

    def take(self, most: int) -> list[Envelope]:
        """Return the next messages, up to `most` of them; fewer while there are no more to send."""
        self._go_on_or_raise()
        self._heed(time.monotonic())
        now, moment = self._feeder.now(), time.time()
        taken: list[Envelope] = []
        try:
            while len(taken) < most and not self._limit_reached() and (prepared := self._feeder.next(now)):
                taken.append(self._envelope(prepared, moment))
                self._taken += 1
                self._out[prepared.delivery_id] = prepared
        except Exception:
            self._not_taken(taken)
            raise
        return taken

    async def wait(self) -> bool:
        """Wait until `take` may have something again; False once everything is settled."""
        self._go_on_or_raise()
        self._heed(time.monotonic())  # nothing is taken for long where no answer comes
        pause = self._pause()
        if pause == 0:
            return True  # given back, or due again, between `take` and here
        if pause is None and not self._out:
            if self.flush():
                return self._pause() is not None
            pause = self._reach.pause
        with suppress(TimeoutError):
            async with asyncio.timeout(min(pause or HEED_EVERY, HEED_EVERY)):
                await self._changed.wait()
        if time.monotonic() - self._flushed_at > FLUSH_EVERY:
            self.flush()  # others may wait for what is left of a quota
        self._go_on_or_raise()
        return bool(self._out or self._unrecorded) or self._pause() is not None

    def handed(self, keys: Sequence[int]) -> bool:
        """Write to the journal that these may reach the server from now on.

        False if they may not: they were marked, but since then it took so long to come here (to ask a ledger
        that was cut off, say) that others may have taken them over.
        """
        if not self.ledger.safe:
            self._untried.subtract(keys)  # it was no connection that broke
            return False
        self.journal.handed(keys)
        return True

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Write the outcomes to the journal; the database follows in batches."""
        at = datetime.now(UTC)
        if self.pace.unlimited and all(type(outcome) is Accepted for _, outcome in results):
            self._keep(self._accepted(results, at))
        else:
            self._weigh(results, at)
        if len(self._unrecorded) >= FLUSH_AFTER or time.monotonic() - self._flushed_at > FLUSH_EVERY:
            self.flush()
        # Whoever waits now is woken; whoever comes to wait later waits for the next change.
        self._changed.set()
        self._changed.clear()

    def _accepted(self, results: Sequence[tuple[int, Outcome]], at: datetime) -> list[Settlement]:
        """Return what to record where everything was accepted: nearly always, so that it has to be quick."""
        self.pace.passed(len(results), self._feeder.now())
        settlements = self._brake.accepted(len(results))
        accepted, words, said = State.ACCEPTED, "", None
        for key, outcome in results:
            if outcome is not said and isinstance(outcome, Accepted):
                said, words = outcome, str(outcome.reply)  # what is answered alike is one object
            settlements.append(Settlement(key, accepted, at, outcome.stage, words))
        return settlements

    def _weigh(self, results: Sequence[tuple[int, Outcome]], at: datetime) -> None:
        """Keep what outcomes of every kind lead to, one by one, and stop if the brake says so."""
        settlements = [s for key, outcome in results for s in self._settlements(key, outcome, at)]
        # A message that a connection broke under may have been called handed over: it was not, after all. Nor
        # was one whose refusal is held back: whatever dies now, it waits in the queue.
        returned = [
            settle(key, outcome, at)._replace(state=State.QUEUED)
            for key, outcome in results
            if key not in self._out
        ]
        self._keep(settlements, returned)
        if self._brake.tripped and not self._stopped_by:
            self._apply_brake()
        if self._stopped_by:
            self._keep(self._put_back())

    def _keep(self, settlements: Sequence[Settlement], returned: Sequence[Settlement] = ()) -> None:
        if settlements or returned:
            self.journal.settled([*settlements, *returned])
        if settlements:
            # What goes again in this run is not settled for whoever watches.
            final = sum(s.due is None and s.state is not State.QUEUED for s in settlements)
            for settlement in settlements:
                self._out.pop(settlement.delivery_id, None)
            self._unrecorded += settlements
            self.progress(final)

    def finish(self, *, alone: bool) -> None:
        """No more goes in this run: refusals that were held back are the recipients' after all.

        Unless `alone`, what others met meanwhile is not known, nor is what those would meet who wait behind
        a limit: who was refused last goes back in the queue. Raises what the brake ends a run with where a
        limit let only such people be tried.
        """
        limited = self._limit_reached()
        self._believe()
        self._keep(self._brake.decide(alone=alone and not limited))
        if alone and limited and self._brake.nobody_through:
            raise self._brake.error()

    def connections(self) -> int:
        """Return how many connections the pacing allows."""
        return self.pace.connections(self._feeder.now())

    def connected(self, number: int) -> None:
        """Let the pacing know."""
        self.pace.connected(number)

    def turned_away(self, ending: Ending, there: int) -> float:
        """Let the pacing learn from it; return the seconds until another connection may be tried."""
        return self.pace.turned_away(ending.reply, ending.stage, there, self._feeder.now())

    def flush(self) -> bool:
        """Let the database catch up with the journal; False if it is a shared one that is away."""
        if self._unrecorded:
            self._mark(())
        self._flushed_at = time.monotonic()
        return not self._unrecorded

    def _mark(self, delivery_ids: Sequence[int]) -> set[int] | None:
        """Record what became of messages, and that these may be handed over; None: not now, else which."""
        unrecorded = self._unrecorded
        if not self._reach.away:
            with self._reach.trying():
                self.ledger.mark(delivery_ids, unrecorded)
        if self._reach.away:
            return None
        self._renewed_at = time.monotonic()
        if unrecorded:
            self._recorded.update(settlement.state for settlement in unrecorded)
            self.pace.recorded(len(unrecorded))
            self._unrecorded = []
            self.journal.recorded()
        marked = set(delivery_ids)
        if lost := self.ledger.lost:
            unhanded = lost & marked.union(each.delivery_id for each in self._feeder.waiting)
            self._feeder.leave_out(unhanded)
            self.ledger.disown(unhanded, datetime.now(UTC))
            self._feeder.look_again()  # nobody else may be there any more
            marked -= unhanded
        return marked

    def close(self) -> None:
        """Record the rest and give back what was never handed over; if that fails the journal stays.

        It stays also where an outcome could not be written to it: such a delivery is out still, and whoever
        reads the journal finds it handed over.
        """
        recorded = False
        try:
            self._keep(self._put_back())
            self._reach.anew()
            self.flush()
            if not self._out and not self._unrecorded:
                self.ledger.give_back(datetime.now(UTC))
                self.ledger.cancel_rest(datetime.now(UTC))
                recorded = True
        finally:
            self.journal.close(keep=not recorded)

    def summary(self) -> str:
        """Return in words what was recorded, every attempt counted."""
        return ", ".join(f"{state} {number}" for state, number in self._recorded.items()) or "nothing"

    def _prepared(self, claim: Claim) -> PreparedMessage:
        template = self.template(claim.revision)
        names = self.personaliser.names(claim.recipient, time.time(), pages=template.pages)
        return PreparedMessage(claim, names["header"].to_address, template, template.fillings(names))

    def _envelope(self, prepared: PreparedMessage, moment: float) -> Envelope:
        token = self.personaliser.return_token(prepared.delivery_id, moment)
        return Envelope(
            key=prepared.delivery_id,
            sender=self.personaliser.return_to(token),
            recipient=prepared.address,
            content=self.personaliser.write(prepared.template, prepared.fillings, moment, token),
            clean=True,  # compose writes nothing else, which its tests show
            envid=token,
        )

    def _not_taken(self, envelopes: Sequence[Envelope]) -> None:
        self._taken -= len(envelopes)
        for envelope in reversed(envelopes):
            self._feeder.put_back(self._out.pop(envelope.key))

    def _heed(self, now: float) -> None:
        """Look at what was decided elsewhere: the send halted, people who left since the claim."""
        if now - self._heeded_at < HEED_EVERY and not self._hears(now):
            return
        self._heeded_at = now
        if self._reach.away:
            return
        with self._reach.trying():
            self._halted = self.ledger.halted() in AT_REST
            waiting = [prepared.delivery_id for prepared in self._feeder.waiting]
            if gone := self.ledger.withdraw(waiting, datetime.now(UTC)):
                self._feeder.leave_out(gone)
        self._glance_at = time.monotonic() + max(GLANCE_EVERY, REST * (time.monotonic() - now))
        if self.ledger.shared and now - self._renewed_at > RENEW_EVERY:
            self._mark(())

    def _hears(self, now: float) -> bool:
        """Whether anybody said anything since this was asked last; of a shared ledger that takes too long."""
        if now < self._glance_at or self.ledger.shared:
            return False
        self._glance_at = now + GLANCE_EVERY
        before, self._latest_word = self._latest_word, self.ledger.latest_word()
        return before != self._latest_word

    def _limit_reached(self) -> bool:
        return self._halted or (self.limit is not None and self._taken >= self.limit)

    def _pause(self) -> float | None:
        """Return the seconds until something may go; None if nothing more does in this run."""
        return None if self._limit_reached() else self._feeder.pause(self._feeder.now())

    def _settlements(self, key: int, outcome: Outcome, at: datetime) -> Sequence[Settlement]:
        """Return what to record: of this message, unless it goes back to be the next one or its refusal
        is held back, and of those that were held back and are decided by it."""
        hold = self._heed_pace(key, outcome)
        if isinstance(outcome, Untried):
            return self._given_back(key, outcome, at, paced=hold is not None)
        settlement = settle(key, outcome, at)
        if hold is not None:
            return [self._held(settlement, hold)]
        if isinstance(outcome, Accepted):
            return [*self._brake.accepted(), settlement]
        if isinstance(outcome, Rejected):
            final = self._brake.refused(settlement, outcome.reply, self._out[key].address)
            if settlement not in final:
                del self._out[key]
            return final
        if isinstance(outcome, Deferred):
            self._brake.deferred(settlement, outcome.reply, self._out[key].address)
        return [settlement]

    def _held(self, settlement: Settlement, hold: Hold) -> Settlement:
        if hold.after is None:
            return settlement._replace(state=State.DEFERRED)
        # A limit was hit, and the message has to go again: it counts for nothing.
        self._taken -= 1
        due = settlement.at + timedelta(seconds=hold.after)
        self._feeder.later(due.timestamp())
        return settlement._replace(state=State.DEFERRED, due=due)

    def _heed_pace(self, key: int, outcome: Outcome) -> Hold | None:
        now = self._feeder.now()
        if self.pace.unlimited and isinstance(outcome, Accepted):
            self.pace.passed(1, now)
            return None
        return self.pace.replied(receiver_of(self._out[key]), outcome, now)

    def _go_on_or_raise(self) -> None:
        if self._stopped_by:
            raise self._stopped_by

    def _apply_brake(self) -> None:
        """Stop, unless those who are refused were refused before, and others got through since."""
        self._believe()
        # Where nobody is held back and nobody is left, there is nothing to stop.
        if self._brake.tripped and (self._brake.doubted or self._pause() is not None):
            self._stopped_by = self._brake.error()

    def _believe(self) -> None:
        """Let those fail who were refused before, if others got through since."""
        self.flush()
        before = self._refused_before()
        self._keep(self._brake.believe({key for key, others_accepted in before.items() if others_accepted}))

    def _put_back(self) -> list[Settlement]:
        """Return what is held back as going in the queue again: at once the first time, then ever later."""
        before = self._refused_before()
        return [
            settlement._replace(state=State.DEFERRED if settlement.delivery_id in before else State.QUEUED)
            for settlement in self._brake.release()
        ]

    def _refused_before(self) -> dict[int, bool]:
        doubted = [settlement.delivery_id for settlement in self._brake.doubted]
        return self.ledger.refused_before(doubted) if doubted else {}

    def _given_back(self, key: int, outcome: Untried, at: datetime, *, paced: bool) -> Sequence[Settlement]:
        self._untried[key] += not paced
        if self._untried[key] == TRIES:
            words = f"{outcome.reason} ({TRIES} times in a row)"
            return [Settlement(key, State.DEFERRED, at, outcome.stage, words)]
        self._feeder.put_back(self._out.pop(key))
        self.pace.given_back()
        self._taken -= 1
        return []
