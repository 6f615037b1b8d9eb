"""Marks in any order of events: leases end, commits lose their answers, machines are lost or come back late.

A few people, three workers, and a server that keeps count. Whatever happens, in whatever order: nobody gets
two copies but by a person's decision, nobody is left out, and the tallies are what a recount finds.
"""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import event, update
from test_ledger import NOW, populate
from test_marking import breaking

from mailer.domain.audience import Audience
from mailer.domain.delivery import RetryPolicy, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.errors import StorageBusy
from mailer.ledger.journal import Journal, JournalHeader
from mailer.ledger.ledger import Ledger
from mailer.ledger.marking import MarkedHolding
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import reclaim
from mailer.store.database import open_database
from mailer.store.schema import chunks

PEOPLE = 12
LATER = NOW + timedelta(days=2)
REPLIES = {State.ACCEPTED: "250 Ok", State.DEFERRED: "451 later", State.FAILED: "550 no"}


class Machine:
    """A worker and its disk, which do what `mailer.engine.worker` does; who is where until it is settled."""

    def __init__(self, database, send, folder: Path) -> None:
        self.database, self.send, self.folder = database, send, folder
        self.begin()

    def begin(self) -> None:
        header = JournalHeader(self.send.id, utc_text(self.send.created_at), self.send.slug)
        self.journal = Journal(self.folder, NOW, header)
        self.hand = MarkedHolding(self.database, self.send, self.journal.name)
        self.waiting: list[int] = []
        self.marked: list[int] = []
        self.out: dict[int, State] = {}  # with what the server said, which isn't read yet
        self.answers: list[Settlement] = []

    def take(self) -> None:
        claims = [claim.delivery_id for claim in self.hand.take(NOW)]
        assert not {*self.waiting, *self.marked, *self.out}.intersection(claims)
        self.waiting += claims

    def mark(self, number: int) -> None:
        batch, answers = self.waiting[:number], self.answers
        try:
            self.hand.mark(batch, answers)
        except StorageBusy:
            return
        self.answers = []
        if answers:
            self.journal.recorded()
        self.waiting, self.marked = self.waiting[number:], self.marked + batch
        if lost := self.hand.lost:
            unhanded = lost & {*self.waiting, *self.marked}
            self.leave_out(unhanded)
            self.hand.disown(unhanded, NOW)

    def leave_out(self, people: set[int]) -> None:
        self.waiting = [each for each in self.waiting if each not in people]
        self.marked = [each for each in self.marked if each not in people]

    def close(self) -> None:
        """End as a worker does: let go of all, or leave the journal where that can't be."""
        for person in list(self.out):
            self.answer(person)
        self.mark(0)
        recorded = False
        if not self.answers:
            try:
                self.hand.give_back(NOW)
                recorded = True
            except StorageBusy:
                pass
        self.journal.close(keep=not recorded)

    def answer(self, person: int) -> None:
        state = self.out.pop(person)
        self.answers.append(Settlement(person, state, NOW, Stage.CONTENT, REPLIES[state]))
        self.journal.settled(self.answers[-1:])


class Marks(RuleBasedStateMachine):
    database: Any = None  # set by the test: one for all examples
    numbers = count()

    def __init__(self) -> None:
        super().__init__()
        self.disk = TemporaryDirectory()
        slug = f"issue-{next(self.numbers)}"
        self.ledger = Ledger(self.database)
        text = {"subject": "s", "revision": "r", "template": b"t", "now": NOW}
        self.send = self.ledger.freeze(slug, Audience(("weekly",)), **text, chunk=3)
        self.ledger.proved(self.send, NOW)
        self.machines = [Machine(self.database, self.send, Path(self.disk.name, name)) for name in "abc"]
        self.by_email = {each.email: each.subscriber_id for each in list(self.ledger.frozen(self.send))}
        self.copies: Counter[int] = Counter()
        self.decided: Counter[int] = Counter()
        self.told: set[int] = set()  # accepted by a person's word
        self.marked: set[int] = set()

    which = st.integers(0, 2)

    @rule(which=which)
    def takes(self, which):
        self.machines[which].take()

    @rule(which=which, number=st.integers(0, 3), breaks=st.sampled_from([None, None, None, True, False]))
    def marks(self, which, number, breaks):
        with nullcontext() if breaks is None else breaking(self.database, after=breaks):
            self.machines[which].mark(number)
        self.marked.update(self.machines[which].marked, self.machines[which].waiting[:number])
        self.tallies_are_what_a_recount_finds()

    @rule(which=which, reply=st.sampled_from([State.ACCEPTED, State.ACCEPTED, State.DEFERRED, State.FAILED]))
    def hands_over(self, which, reply):
        machine = self.machines[which]
        if machine.marked:
            person = machine.marked.pop(0)
            machine.journal.handed([person])
            machine.out[person] = reply
            self.copies[person] += reply is State.ACCEPTED

    @rule(which=which)
    def reads_an_answer(self, which):
        if self.machines[which].out:
            self.machines[which].answer(next(iter(self.machines[which].out)))

    @rule(which=which)
    def takes_one_back(self, which):
        """Its connection broke before it was handed over."""
        if self.machines[which].marked:
            self.machines[which].waiting.insert(0, self.machines[which].marked.pop(0))

    @rule(which=which)
    def lease_ends(self, which):
        self.end_leases(chunks.c.holder == self.machines[which].journal.name)

    def end_leases(self, *whose):
        with self.database.begin() as connection:
            ended = update(chunks).where(chunks.c.leased_until.is_not(None), *whose)
            connection.execute(ended.values(leased_until=NOW - timedelta(days=99)))

    @rule(which=which)
    def ends(self, which):
        self.machines[which].close()
        self.machines[which].begin()

    @rule(which=which)
    def is_killed(self, which):
        self.machines[which].journal.close(keep=True)
        self.machines[which].begin()

    @rule(which=which)
    def looks_after_the_dead(self, which):
        reclaim(self.database, self.machines[which].folder, RetryPolicy(), NOW)

    @rule(which=which)
    def is_lost_with_its_disk(self, which):
        self.lease_ends(which)
        machine = self.machines[which]
        machine.journal.close(keep=True)
        for file in machine.folder.glob("[0-9]*"):
            file.unlink()
        machine.begin()

    @rule(resend=st.booleans())
    def a_person_decides(self, resend):
        people = self.people(State.UNCERTAIN)
        after = State.QUEUED if resend else State.ACCEPTED
        self.ledger.decide(self.send, State.UNCERTAIN, after, "decided: so", NOW)
        if resend:
            self.decided.update(people)
        else:
            self.told |= people

    @rule()
    def what_was_deferred_is_due(self):
        self.ledger.requeue_due(self.send, LATER)

    def people(self, state: State) -> set[int]:
        lines = list(LedgerQueries(self.database).deliveries(self.send, state))
        return {self.by_email[line.email] for line in lines}

    @invariant()
    def nobody_gets_two(self):
        for person, copies in self.copies.items():
            assert copies <= 1 + self.decided[person], person

    def tallies_are_what_a_recount_finds(self):
        assert LedgerQueries(self.database).discrepancies(self.send) == []

    def teardown(self):
        try:
            self.everybody_is_accounted_for()
        finally:
            for machine in self.machines:
                machine.journal.close(keep=True)
            self.disk.cleanup()

    def everybody_is_accounted_for(self):
        for which, machine in enumerate(self.machines):
            machine.close()
            machine.begin()
            self.end_leases()
            self.looks_after_the_dead(which)
        machine = self.machines[0]
        while True:
            self.what_was_deferred_is_due()
            machine.take()
            if not machine.waiting:
                break
            machine.mark(PEOPLE)
            while machine.marked:
                self.hands_over(0, State.ACCEPTED)
                self.reads_an_answer(0)
        machine.mark(0)
        assert not (self.people(State.QUEUED) or self.people(State.CLAIMED) or self.people(State.DEFERRED))
        assert self.people(State.UNCERTAIN) <= self.marked
        assert self.people(State.ACCEPTED) - self.told <= (+self.copies).keys()
        self.nobody_gets_two()
        self.tallies_are_what_a_recount_finds()


def test_whatever_happens_in_whatever_order(tmp_path):
    database = open_database("sqlite:///people.db", tmp_path)
    event.listen(database, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    populate(database, *[(f"reader{n}@quay.example", "subscribed") for n in range(PEOPLE)])
    machine: Any = type("Marked", (Marks,), {"database": database})
    machine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
    case = machine.TestCase()
    try:
        case.runTest()
    finally:
        database.dispose()
