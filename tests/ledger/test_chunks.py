"""Chunks on a real database: whoever waits does so in one of them, and what they tally is what is counted."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, event, select, update
from test_ledger import NOW, WEEKLY, database, frozen, hold, populate, said, states  # noqa: F401

from mailer.domain.audience import Audience
from mailer.domain.delivery import NEXT, Claim, RetryPolicy, Settlement, State
from mailer.domain.mailbox_providers import provider_of
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.ledger.freezing import FrozenText
from mailer.ledger.history import take_in_history
from mailer.ledger.journal import Journal, JournalHeader, put_away
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import reclaim
from mailer.ledger.revisions import Revisions
from mailer.store.schema import chunks, outcomes, subscribers, subscriptions

PEOPLE = [(f"p{n}@{'ab'[n % 2]}.example", "subscribed") for n in range(9)]
IN_HAND = (State.CLAIMED, State.HANDED)
OUTCOMES = [State.ACCEPTED, State.DEFERRED, State.FAILED, State.UNCERTAIN, State.QUEUED]
DECISIONS = [
    (State.FAILED, State.QUEUED),
    (State.UNCERTAIN, State.QUEUED),
    (State.UNCERTAIN, State.ACCEPTED),
]


def lawful(before: State) -> set[State]:
    """Return what may be written down next of a delivery: that it was in hand between the two is not."""
    found = set(NEXT[before])
    for state in IN_HAND:
        found |= NEXT[state] if state in found else set()
    return found - set(IN_HAND)


class Sending(RuleBasedStateMachine):
    """A send to a few people, by two workers who do whatever workers do, and die."""

    numbers = itertools.count()
    hands = st.sampled_from([0, 1])

    def __init__(self, database: Engine, journals) -> None:  # noqa: F811
        super().__init__()
        self.engine, self.journals = database, journals
        self.ledger, self.queries = Ledger(database), LedgerQueries(database)
        with database.begin() as connection:
            connection.execute(update(subscriptions).values(status="subscribed"))
            people = select(subscribers.c.id, subscribers.c.email)
            self.email = dict(connection.execute(people.order_by(subscribers.c.id)).all())
        name = f"harbour-{next(self.numbers)}"
        values = {"subject": "Harbour", "revision": "4f1c9a", "template": b"compiled", "now": NOW}
        self.send = self.ledger.freeze(name, WEEKLY, **values, chunk=4)
        self.ledger.proved(self.send, NOW)
        self.expected = dict.fromkeys(self.email, State.QUEUED)
        self.left: set[int] = set()
        self.held: list[dict[int, Claim]] = [{}, {}]
        self.working = [self._worker(), self._worker()]

    def _worker(self):
        header = JournalHeader(self.send.id, utc_text(NOW), self.send.slug)
        journal = Journal(self.journals, NOW, header)
        return journal, hold(self.engine, self.send, journal.name)

    def _found(self) -> dict[int, State]:
        known = {line.email: line.state for line in self.queries.deliveries(self.send)}
        return {person: known[email] for person, email in self.email.items()}

    @rule(worker=hands, without=st.sets(st.sampled_from(["a.example", "b.example"])))
    def take(self, worker, without):
        claims = self.working[worker][1].take(NOW, without)
        assert not {provider_of(claim.recipient.email) for claim in claims} & without
        self.held[worker] |= {claim.delivery_id: claim for claim in claims}
        for person, state in self._found().items():
            if state is State.CANCELLED and person in self.left:
                self.expected[person] = state
        free = {person for person, state in self.expected.items() if state is State.QUEUED}
        free -= self.left | self.held[0].keys() | self.held[1].keys()
        assert claims or not {provider_of(self.email[person]) for person in free} - without

    @rule(worker=hands, became=st.lists(st.sampled_from(OUTCOMES), min_size=1))
    def record(self, worker, became):
        settled = list(zip(list(self.held[worker].values()), became, strict=False))
        self.working[worker][1].record([said(claim, state) for claim, state in settled])
        for claim, state in settled:
            self.expected[claim.delivery_id] = state
            del self.held[worker][claim.delivery_id]

    @rule(worker=hands, number=st.integers(0, 9))
    def withdraw(self, worker, number):
        waiting = list(self.held[worker])[:number]
        gone = self.working[worker][1].withdraw(waiting, NOW)
        assert gone == set(waiting) & self.left
        for person in gone:
            self.expected[person] = State.CANCELLED
            del self.held[worker][person]

    @rule(worker=hands)
    def give_back(self, worker):
        self.working[worker][1].give_back(NOW)
        self.held[worker].clear()

    @rule(worker=hands, handed=st.integers(0, 9), answered=st.integers(0, 9))
    def die(self, worker, handed, answered):
        claims = list(self.held[worker].values())
        under_way = claims[:handed]
        journal, hand = self.working[worker]
        if under_way:
            journal.handed([claim.delivery_id for claim in under_way])
        journal.settled([said(claim, State.ACCEPTED) for claim in under_way[:answered]])
        journal.close(keep=True)
        reclaim(self.engine, self.journals, RetryPolicy(), NOW)
        for place, claim in enumerate(under_way):
            self.expected[claim.delivery_id] = State.ACCEPTED if place < answered else State.UNCERTAIN
        self.held[worker] = {}
        self.working[worker] = self._worker()
        hand.record([said(claim, State.FAILED, "550 a word too late") for claim in claims])

    @rule()
    def requeue(self):
        due = [person for person, state in self.expected.items() if state is State.DEFERRED]
        assert self.ledger.requeue_due(self.send, NOW + timedelta(days=1)) == len(due)
        self.expected |= dict.fromkeys(due, State.QUEUED)

    @rule(decision=st.sampled_from(DECISIONS))
    def decide(self, decision):
        before, after = decision
        meant = [person for person, state in self.expected.items() if state is before]
        assert self.ledger.decide(self.send, before, after, "decided", NOW) == len(meant)
        self.expected |= dict.fromkeys(meant, after)

    @rule(person=st.integers(1, len(PEOPLE)))
    def leave(self, person):
        self.left.add(person)
        with self.engine.begin() as connection:
            theirs = update(subscriptions).where(subscriptions.c.subscriber_id == person)
            connection.execute(theirs.values(status="unsubscribed"))

    @invariant()
    def everyone_is_where_they_are_expected(self):
        held = self.held[0] | self.held[1]
        assert len(held) == sum(map(len, self.held))
        assert self._found() == self.expected | dict.fromkeys(held, State.CLAIMED)

    @invariant()
    def what_was_tallied_is_what_is_counted(self):
        assert self.queries.discrepancies(self.send) == []

    @invariant()
    def whoever_waits_does_so_in_one_open_chunk(self):
        with self.engine.connect() as connection:
            rows = connection.execute(select(chunks).where(chunks.c.send_id == self.send.id)).all()
            written = connection.execute(
                select(outcomes).where(outcomes.c.send_id == self.send.id).order_by(outcomes.c.number)
            ).all()
        last = {row.subscriber_id: row for row in written}
        for row in rows:
            here = range(row.first, row.last + 1) if row.people is None else row.people
            waiting = {
                person
                for person in here
                if (last[person].chunk == row.id if person in last else row.people is None)
                and self.expected[person] in (State.QUEUED, State.DEFERRED)
            }
            assert row.is_open == bool(waiting), row
            assert {self.expected[person] is State.DEFERRED for person in waiting} <= {bool(row.due_at)}
        in_chunks = Counter(last[person].chunk for person in last if self._waits(person))
        listed = {row.id: set(row.people) for row in rows if row.people is not None}
        assert all(last[person].chunk in listed for person in last if self._waits(person))
        assert all(len(listed[chunk]) >= number for chunk, number in in_chunks.items())

    def _waits(self, person: int) -> bool:
        return self.expected[person] in (State.QUEUED, State.DEFERRED)

    @invariant()
    def nothing_is_written_that_may_not_follow(self):
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(outcomes.c.subscriber_id, outcomes.c.number, outcomes.c.state)
                .where(outcomes.c.send_id == self.send.id)
                .order_by(outcomes.c.subscriber_id, outcomes.c.number)
            ).all()
        before: dict[int, tuple[int, State]] = {}
        for person, number, state in rows:
            count, state_before = before.get(person, (0, State.QUEUED))
            assert number == count + 1
            assert State(state) in lawful(state_before)
            before[person] = number, State(state)

    def teardown(self):
        self.ledger.cancel(self.send, "ann", NOW)
        for journal, hand in self.working:
            hand.give_back(NOW)
            journal.close(keep=False)
        self.ledger.cancel_rest(NOW)
        resting = {State.ACCEPTED, State.FAILED, State.UNCERTAIN, State.CANCELLED}
        assert set(self._found().values()) <= resting
        assert self.queries.discrepancies(self.send) == []
        with self.engine.connect() as connection:
            assert not connection.scalars(select(chunks.c.id).where(chunks.c.is_open)).all()


def test_whatever_workers_do_everyone_waits_in_one_place_and_the_tallies_are_right(database, tmp_path):  # noqa: F811
    populate(database, *PEOPLE)
    run_state_machine_as_test(
        lambda: Sending(database, tmp_path / "journals"),
        settings=settings(max_examples=4, stateful_step_count=15),
    )


def test_whoever_is_held_back_goes_to_a_chunk_of_their_own_provider(database):  # noqa: F811
    populate(database, *PEOPLE)
    _, send = frozen(database, chunk=9)
    hand = hold(database, send)
    assert {claim.recipient.email[-9:] for claim in hand.take(NOW, ["b.example"])} == {"a.example"}
    with database.connect() as connection:
        aside = connection.execute(select(chunks).where(chunks.c.receiver.is_not(None))).all()
    assert [(row.receiver, row.people, row.queued) for row in aside] == [("b.example", [2, 4, 6, 8], 4)]
    assert hand.take(NOW, ["b.example"]) == []
    assert [claim.delivery_id for claim in hand.take(NOW)] == [2, 4, 6, 8]
    assert LedgerQueries(database).totals(send).states == {State.CLAIMED: 9}


def test_who_had_a_chunk_before_another_took_it_records_nothing(database):  # noqa: F811
    populate(database, ("ann@a.example", "subscribed"))
    _, send = frozen(database)
    slow, quick = hold(database, send, "slow"), hold(database, send, "quick")
    (claim,) = slow.take(NOW)
    with database.begin() as connection:
        connection.execute(update(chunks).values(holder=None))
    assert quick.take(NOW) == [claim]
    slow.record([said(claim, State.FAILED, "550 no")])
    slow.give_back(NOW)
    assert states(database) == {"ann@a.example": "claimed"}
    quick.record([said(claim, State.ACCEPTED)])
    assert states(database) == {"ann@a.example": "accepted"}
    assert LedgerQueries(database).discrepancies(send) == []


def test_what_is_put_back_comes_last(database):  # noqa: F811
    populate(database, *PEOPLE)
    _, send = frozen(database, chunk=3)
    hand = hold(database, send)
    first = hand.take(NOW)
    hand.record([said(first[0], State.QUEUED, "550 who is that?")])
    assert [[claim.delivery_id for claim in hand.take(NOW)] for _ in range(4)] == [
        [4, 5, 6],
        [7, 8, 9],
        [1],
        [],
    ]


@pytest.mark.parametrize(
    ("people", "sizes"), [(1, [1]), (100, [50, 50]), (120, [50, 50, 20]), (1300, [82] * 15 + [70])]
)
def test_a_small_send_is_cut_too_so_that_several_can_work_on_it(database, people, sizes):  # noqa: F811
    populate(database, *((f"p{n}@a.example", "subscribed") for n in range(people)))
    frozen(database)
    with database.connect() as connection:
        assert connection.scalars(select(chunks.c.queued).order_by(chunks.c.id)).all() == sizes


def test_the_database_knows_who_is_there_before_they_are_cut(database):  # noqa: F811
    populate(database, *PEOPLE)
    asked = list[str]()
    event.listen(database, "before_cursor_execute", lambda *told: asked.append(told[2]))
    frozen(database, chunk=3)
    lots = [number for number, each in enumerate(asked) if "deliveries" in each and "LIMIT" in each]
    learnt = [number for number, each in enumerate(asked) if each == "ANALYZE deliveries"]
    assert len(lots) == 4  # three of three people, and a look that there are no more
    assert database.dialect.name == "sqlite" or learnt[0] < lots[0]


@pytest.mark.parametrize("database_url", ["sqlite:///people.db"])  # which alone counts its steps
def test_totals_take_as_many_steps_for_many_people_as_for_few(database):  # noqa: F811
    steps = Counter()

    def counted(size: int):
        populate(
            database, *((f"{n}@p{size}.example", "subscribed") for n in range(size)), list_name=f"l{size}"
        )
        ledger = Ledger(database)
        audience = Audience((f"l{size}",))
        send = ledger.freeze(
            "harbour", audience, subject="s", revision="r", template=b"t", now=NOW, chunk=size // 3
        )
        ledger.proved(send, NOW)
        hand = hold(database, send)
        for _ in range(3):
            hand.record([said(claim, State.ACCEPTED) for claim in hand.take(NOW)])

        def step():
            steps[size] += 1

        with database.connect() as connection:
            driver = connection.connection.driver_connection
            driver.set_progress_handler(step, 1)
        assert LedgerQueries(database).totals(send).states == {State.ACCEPTED: size}
        driver.set_progress_handler(None, 1)

    counted(6)
    counted(600)
    assert steps[6] == steps[600] > 0


def test_only_what_the_text_names_is_kept_and_a_correction_keeps_what_it_names_as_it_is_now(database):  # noqa: F811
    populate(database, *PEOPLE[:2])
    _, send = frozen(database, fields=frozenset({"email"}))
    with database.begin() as connection:
        connection.execute(update(subscribers).values(name="Ann", fields={"town": "Elsewhere"}))
    (recipient, _) = Ledger(database).frozen(send)
    assert recipient.values() == {"email": "p0@a.example"}
    wording = FrozenText("Harbour", "8be112", b"corrected", frozenset({"town"}))
    corrected = Revisions(database).correct(send, wording, NOW)
    assert corrected is not None
    with database.begin() as connection:
        connection.execute(update(subscribers).values(name="Ben", fields={"town": "A third one"}))
    first, _ = hold(database, corrected).take(NOW)
    assert first.recipient.values() == {"email": "p0@a.example", "town": "Elsewhere"}


def test_a_correction_is_tried_with_the_values_that_it_will_keep(database):  # noqa: F811
    populate(database, *PEOPLE[:1])
    _, send = frozen(database, fields=frozenset({"town"}))
    with database.begin() as connection:
        connection.execute(update(subscribers).values(name="Ann", fields={"town": "Elsewhere"}))
    (recipient,) = Revisions(database).unsent(send, [State.QUEUED])
    assert recipient.values() == {"email": "p0@a.example", "name": "Ann", "town": "Port"}


def test_who_was_settled_by_a_kept_journal_is_not_in_hand(database, tmp_path):  # noqa: F811
    populate(database, *PEOPLE[:3])
    _, send = frozen(database, chunk=3)
    journal = Journal(
        tmp_path / "journals", NOW, JournalHeader(send.id, utc_text(NOW), "harbour", "-", "4f1c9a")
    )
    journal.settled([Settlement(2, State.ACCEPTED, NOW + timedelta(hours=1), Stage.CONTENT, "250 Ok")])
    journal.close(keep=True)
    put_away(tmp_path / "journals" / journal.name)
    assert take_in_history(database, tmp_path / "journals").settled == 1
    hand = hold(database, send)
    claims = hand.take(NOW)
    assert [claim.delivery_id for claim in claims] == [1, 3]
    assert LedgerQueries(database).totals(send).states == {State.ACCEPTED: 1, State.CLAIMED: 2}
    hand.record([said(claim, State.ACCEPTED) for claim in claims])
    assert LedgerQueries(database).totals(send).states == {State.ACCEPTED: 3}
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_send_to_nobody_has_totals_too(database):  # noqa: F811
    populate(database, ("ann@a.example", "unsubscribed"))
    _, send = frozen(database)
    assert LedgerQueries(database).totals(send).states == {}
    assert LedgerQueries(database).totals(send).excluded == {"unsubscribed": 1}
