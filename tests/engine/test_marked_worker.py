"""A worker of a ledger that others share: it hands over only what is marked, and waits while it can't be."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from begun_send import NOW, begin, next_of, worker_of
from sqlalchemy import event, select, update

from mailer.domain.delivery import State
from mailer.domain.outcome import Accepted, Reply, Stage, Untried
from mailer.engine import feeder
from mailer.engine.worker import TRIES
from mailer.errors import StorageBusy
from mailer.ledger.journal import Journal
from mailer.ledger.marking import LEASE, MARGIN, MarkedHolding
from mailer.ledger.queries import LedgerQueries
from mailer.store.database import open_database
from mailer.store.schema import chunks

TAKEN = Accepted(Reply(250, "2.0.0 taken"))
EVERYBODY = [f"reader{n}@inbox.example" for n in range(100)]


@pytest.fixture
def database(tmp_path):
    engine = open_database("sqlite:///people.db", tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def begun(database, tmp_path):
    """A send and a worker that marks five at once at least."""
    ledger, send = begin(database, EVERYBODY)
    journal = Journal(tmp_path / "journals", NOW)
    return database, send, worker_of(ledger, send, journal, kind=MarkedHolding, in_flight=5)


def marked(database) -> set[int]:
    with database.connect() as connection:
        lists = connection.scalars(select(chunks.c.in_doubt).where(chunks.c.in_doubt.is_not(None)))
        return {person for people in lists for person in people}


def states(database, send) -> dict[str, State]:
    return {line.email: line.state for line in LedgerQueries(database).deliveries(send)}


def test_whatever_is_handed_over_was_marked_before(begun):
    database, send, worker = begun
    out: list[int] = []
    while (envelope := next_of(worker)) is not None:
        assert envelope.key in marked(database)
        worker.handed([envelope.key])
        out.append(envelope.key)
        if len(out) == 5:
            worker.settled([(key, TAKEN) for key in out])
            out = []
    worker.settled([(key, TAKEN) for key in out])
    worker.close()
    assert set(states(database, send).values()) == {State.ACCEPTED}
    assert LedgerQueries(database).discrepancies(send) == []


def test_what_is_in_doubt_is_bounded_by_what_is_marked_at_once(begun):
    database, _, worker = begun
    most = 0
    for _ in EVERYBODY:
        envelope = next_of(worker)
        worker.settled([(envelope.key, TAKEN)])
        most = max(most, len(marked(database)))
    assert most <= 2 * feeder.MARKS
    assert most < len(EVERYBODY) + 1


def test_while_the_ledger_is_away_nothing_more_goes_and_afterwards_all_of_it(begun):
    database, send, worker = begun
    first = [next_of(worker) for _ in range(5)]
    away = True

    def refuse(connection) -> None:
        if away:
            raise StorageBusy("the database is away", next_step="-")

    event.listen(database, "begin", refuse)
    before = marked_in_peace = {envelope.key for envelope in first}
    worker.settled([(key, TAKEN) for key in before])
    while (envelope := next_of(worker)) is not None:
        marked_in_peace = marked_in_peace | {envelope.key}
        worker.settled([(envelope.key, TAKEN)])
    assert asyncio.run(worker.wait()), "there is more to come"
    away = False
    assert marked_in_peace >= before
    worker._reach.anew()  # the half second is over
    taken = len(marked_in_peace)
    while (envelope := next_of(worker)) is not None:
        worker.settled([(envelope.key, TAKEN)])
        taken += 1
    worker.close()
    assert taken == len(EVERYBODY)
    assert set(states(database, send).values()) == {State.ACCEPTED}
    assert LedgerQueries(database).discrepancies(send) == []


def test_what_others_have_taken_over_does_not_go_from_here(begun, tmp_path):
    database, send, worker = begun
    ann = next_of(worker)
    with database.begin() as connection:
        connection.execute(update(chunks).values(leased_until=NOW - timedelta(days=99)))
    other = MarkedHolding(database, send, "other")
    mine = other.take(NOW)
    worker.settled([(ann.key, TAKEN)])
    worker.flush()
    assert states(database, send)[EVERYBODY[0]] == State.ACCEPTED, "it lived on, and said so"
    others: list[int] = [claim.delivery_id for claim in mine]
    taken = []
    while (envelope := next_of(worker)) is not None:
        taken.append(envelope.key)
        worker.settled([(envelope.key, TAKEN)])
    assert not set(taken) & set(others)
    worker.close()
    other.mark(others)
    other.give_back(NOW)
    assert LedgerQueries(database).discrepancies(send) == []


def test_who_was_taken_over_and_goes_back_in_the_queue_is_sent_in_the_same_run(database, tmp_path):
    ledger, send = begin(database, EVERYBODY[:3])
    journal = Journal(tmp_path / "journals", NOW)
    worker = worker_of(ledger, send, journal, kind=MarkedHolding, in_flight=5)
    assert isinstance(worker.ledger, MarkedHolding)
    worker.ledger.lease = MARGIN  # it stood still for longer
    ann = next_of(worker)
    assert ann
    assert len(marked(database)) == 3, "the queue is empty now"
    with database.begin() as connection:
        connection.execute(update(chunks).values(leased_until=NOW - timedelta(days=99)))
    other = MarkedHolding(database, send, "other")
    assert other.take(NOW) == [], "all are in doubt, and others take none of them"
    worker.ledger.lease = LEASE
    worker.settled([(ann.key, TAKEN)])
    while (envelope := next_of(worker)) is not None:
        assert worker.handed([envelope.key])
        worker.settled([(envelope.key, TAKEN)])
    assert not asyncio.run(worker.wait())
    worker.close()
    assert list(states(database, send).values()) == [State.ACCEPTED] * 3
    assert LedgerQueries(database).discrepancies(send) == []


def test_what_was_marked_is_not_handed_over_when_its_lease_may_have_ended(begun):
    database, send, worker = begun
    worker.ledger.lease = MARGIN  # whatever is done then, it took too long
    for _ in range(2 * TRIES):
        ann = next_of(worker)
        assert ann.key in marked(database)
        assert not worker.handed([ann.key])
        worker.settled([(ann.key, Untried("it was too late to go on", Stage.CONTENT))])
    worker.ledger.lease = LEASE
    while (envelope := next_of(worker)) is not None:
        assert worker.handed([envelope.key])
        worker.settled([(envelope.key, TAKEN)])
    worker.close()
    assert set(states(database, send).values()) == {State.ACCEPTED}
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_worker_that_waits_for_answers_keeps_its_leases(begun):
    database, _, worker = begun
    next_of(worker)
    with database.begin() as connection:
        connection.execute(update(chunks).values(leased_until=NOW))
    worker._heeded_at = worker._renewed_at = 0.0  # long ago
    asyncio.run(worker.wait())
    with database.connect() as connection:
        held = chunks.c.holder.is_not(None)
        assert connection.scalar(select(chunks.c.leased_until).where(held)) > NOW
    worker.settled([(key, TAKEN) for key in worker._out])
    worker.close()


def test_a_run_does_not_end_before_everything_is_recorded(begun):
    database, send, worker = begun
    keys = []
    while (envelope := next_of(worker)) is not None:
        keys.append(envelope.key)
    away = True

    def refuse(connection) -> None:
        if away:
            raise StorageBusy("the database is away", next_step="-")

    event.listen(database, "begin", refuse)
    worker.settled([(key, TAKEN) for key in keys])
    assert asyncio.run(worker.wait()), "nothing is left to send, but to record"
    away = False
    worker._reach.anew()
    assert not asyncio.run(worker.wait())
    assert set(states(database, send).values()) == {State.ACCEPTED}
    worker.close()


def test_what_is_due_again_while_the_ledger_is_away_is_queued_afterwards(begun):
    database, _, worker = begun
    for _ in EVERYBODY:
        worker.settled([(next_of(worker).key, TAKEN)])
    worker.flush()
    away = True

    def refuse(connection) -> None:
        if away:
            raise StorageBusy("the database is away", next_step="-")

    event.listen(database, "begin", refuse)
    worker._feeder.later(0.0)
    assert next_of(worker) is None
    assert asyncio.run(worker.wait())
    away = False
    worker._reach.anew()
    assert worker._feeder.pause(worker._feeder.now()) == 0.0, "it is asked for still"
    worker.close()
