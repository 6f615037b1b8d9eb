"""A worker over a real ledger and journal: what it hands over, gives back, and leaves to its journal."""

from __future__ import annotations

import pytest
from begun_send import NOW, begin, worker_of

from mailer.domain.delivery import State
from mailer.domain.outcome import Accepted, Deferred, Reply, Stage, Untried
from mailer.domain.retry import RetryPolicy
from mailer.errors import StorageFull
from mailer.storage.accounts import Accounts
from mailer.storage.database import open_database
from mailer.storage.journal import Journal
from mailer.storage.reclaim import reclaim

TAKEN = Accepted(Reply(250, "2.0.0 taken"))


class FullJournal(Journal):
    """A journal on a disk that takes no outcome any more."""

    def settled(self, settlements):
        raise StorageFull("no room for what became of it")


@pytest.fixture
def database(tmp_path):
    engine = open_database("sqlite:///people.db", tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def journals(tmp_path):
    return tmp_path / "journals"


def states(database, send) -> dict[str, State]:
    return {line.email: line.state for line in Accounts(database).lines(send)}


def test_an_outcome_that_can_not_be_written_down_is_never_taken_for_not_sent(database, journals):
    ledger, send = begin(database, ["ann@inbox.example", "ben@inbox.example", "cat@inbox.example"])
    worker = worker_of(ledger, send, FullJournal(journals, NOW))
    ann = worker.take()
    worker.take()
    worker.handed([ann.key])
    with pytest.raises(StorageFull):
        worker.settled([(ann.key, TAKEN)])
    worker.close()
    assert State.QUEUED not in states(database, send).values()
    reclaim(database, journals, RetryPolicy(), NOW)
    assert states(database, send) == {
        "ann@inbox.example": State.UNCERTAIN,
        "ben@inbox.example": State.QUEUED,
        "cat@inbox.example": State.QUEUED,
    }


def test_what_was_not_handed_over_goes_back_and_the_journal_goes(database, journals):
    ledger, send = begin(database, ["ann@inbox.example", "ben@inbox.example", "cat@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    ann, ben = worker.take(), worker.take()
    worker.handed([ann.key])
    worker.settled([(ann.key, TAKEN), (ben.key, Untried("stopped", Stage.DATA))])
    worker.close()
    assert states(database, send) == {
        "ann@inbox.example": State.ACCEPTED,
        "ben@inbox.example": State.QUEUED,
        "cat@inbox.example": State.QUEUED,
    }
    assert [path.name for path in journals.iterdir()] == ["kept"]


def test_what_was_handed_over_and_surely_not_taken_is_no_question_after_a_kill(database, journals):
    ledger, send = begin(database, ["ann@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    ann = worker.take()
    worker.handed([ann.key])
    worker.settled([(ann.key, Untried("BDAT was refused", Stage.CONTENT))])
    worker.journal.close(keep=True)  # as a kill would leave it
    reclaim(database, journals, RetryPolicy(), NOW)
    assert states(database, send) == {"ann@inbox.example": State.QUEUED}


def test_a_message_that_can_not_be_made_goes_back_too(database, journals):
    ledger, send = begin(database, ["broken@inbox.example", "ann@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    with pytest.raises(ZeroDivisionError):
        worker.take()
    worker.close()
    assert set(states(database, send).values()) == {State.QUEUED}
    assert [path.name for path in journals.iterdir()] == ["kept"]


def test_a_connection_that_breaks_three_times_under_a_message_leaves_it_for_later(database, journals):
    ledger, send = begin(database, ["ann@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    for _ in range(3):
        ann = worker.take()
        worker.settled([(ann.key, Untried("connection lost", Stage.MAIL))])
    assert worker.take() is None
    worker.close()
    (line,) = Accounts(database).lines(send)
    assert (line.state, line.words) == (State.DEFERRED, "connection lost (3 times in a row)")


def test_a_limit_counts_what_was_settled_and_not_what_came_back(database, journals):
    ledger, send = begin(database, [*(f"p{n}@inbox.example" for n in range(5))])
    worker = worker_of(ledger, send, Journal(journals, NOW), limit=2)
    first = worker.take()
    worker.settled([(first.key, Untried("connection lost", Stage.MAIL))])
    for _ in range(2):
        envelope = worker.take()
        worker.handed([envelope.key])
        worker.settled([(envelope.key, Deferred(Reply(451, "later"), Stage.CONTENT))])
    assert worker.take() is None
    worker.close()
    assert sorted(states(database, send).values()) == [State.DEFERRED] * 2 + [State.QUEUED] * 3
