"""A worker over a real ledger and journal: what it hands over, gives back, and leaves to its journal."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from time import monotonic

import pytest
from begun_send import NOW, begin, next_of, worker_of
from members import part, shut_out

from mailer.domain.delivery import RetryPolicy, State
from mailer.domain.outcome import Accepted, Deferred, Rejected, Reply, Stage, Untried
from mailer.errors import AccountFault, EveryoneRefused, StorageFull
from mailer.ledger.journal import Journal
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import reclaim
from mailer.store.database import open_database

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
    return {line.email: line.state for line in LedgerQueries(database).deliveries(send)}


def test_an_outcome_that_can_not_be_written_down_is_never_taken_for_not_sent(database, journals):
    ledger, send = begin(database, ["ann@inbox.example", "ben@inbox.example", "cat@inbox.example"])
    worker = worker_of(ledger, send, FullJournal(journals, NOW))
    ann = next_of(worker)
    next_of(worker)
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
    ann, ben = next_of(worker), next_of(worker)
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
    ann = next_of(worker)
    worker.handed([ann.key])
    worker.settled([(ann.key, Untried("BDAT was refused", Stage.CONTENT))])
    worker.journal.close(keep=True)  # as a kill would leave it
    reclaim(database, journals, RetryPolicy(), NOW)
    assert states(database, send) == {"ann@inbox.example": State.QUEUED}


def test_a_message_that_can_not_be_made_goes_back_too(database, journals):
    ledger, send = begin(database, ["broken@inbox.example", "ann@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    with pytest.raises(ZeroDivisionError):
        next_of(worker)
    worker.close()
    assert set(states(database, send).values()) == {State.QUEUED}
    assert [path.name for path in journals.iterdir()] == ["kept"]


def test_a_connection_that_breaks_three_times_under_a_message_leaves_it_for_later(database, journals):
    ledger, send = begin(database, ["ann@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    for _ in range(3):
        ann = next_of(worker)
        worker.settled([(ann.key, Untried("connection lost", Stage.MAIL))])
    assert next_of(worker) is None
    worker.close()
    (line,) = LedgerQueries(database).deliveries(send)
    assert (line.state, line.words) == (State.DEFERRED, "connection lost (3 times in a row)")


def test_a_limit_counts_what_was_settled_and_not_what_came_back(database, journals):
    ledger, send = begin(database, [*(f"p{n}@inbox.example" for n in range(5))])
    worker = worker_of(ledger, send, Journal(journals, NOW), limit=2)
    first = next_of(worker)
    worker.settled([(first.key, Untried("connection lost", Stage.MAIL))])
    for _ in range(2):
        envelope = next_of(worker)
        worker.handed([envelope.key])
        worker.settled([(envelope.key, Deferred(Reply(451, "later"), Stage.CONTENT))])
    assert next_of(worker) is None
    worker.close()
    assert sorted(states(database, send).values()) == [State.DEFERRED] * 2 + [State.QUEUED] * 3


REFUSED = Rejected(Reply(554, "5.5.0 no more for this account"), Stage.RCPT)
PEOPLE = [f"p{n:02}@inbox.example" for n in range(12)]


def answer(worker, outcomes) -> None:
    """Take one message after the other; each has this outcome."""
    for outcome in outcomes:
        envelope = next_of(worker)
        worker.handed([envelope.key])
        worker.settled([(envelope.key, outcome)])


def counted(database, send) -> dict[State, int]:
    return dict(Counter(states(database, send).values()))


def test_one_refusal_after_the_other_ends_the_run_and_fails_nobody(database, journals):
    ledger, send = begin(database, PEOPLE)
    worker = worker_of(ledger, send, Journal(journals, NOW))
    answer(worker, [TAKEN, *[REFUSED] * 5])
    with pytest.raises(
        AccountFault, match="the server refuses the last 5 people, who stay in the queue: 554"
    ):
        next_of(worker)
    worker.close()
    assert counted(database, send) == {State.ACCEPTED: 1, State.QUEUED: 11}


def test_an_account_that_is_put_off_leaves_the_others_in_the_queue(database, journals):
    ledger, send = begin(database, [f"p{n:02}@quay{n}.example" for n in range(40)])
    later = Deferred(Reply(451, "4.7.0 account under review"), Stage.RCPT)
    worker = worker_of(ledger, send, Journal(journals, NOW))
    answer(worker, [later] * 20)
    with pytest.raises(EveryoneRefused, match="the server puts off the last 20 people"):
        next_of(worker)
    worker.close()
    assert counted(database, send) == {State.DEFERRED: 20, State.QUEUED: 20}


def test_what_is_under_way_when_it_ends_fails_nobody_either(database, journals):
    ledger, send = begin(database, PEOPLE)
    worker = worker_of(ledger, send, Journal(journals, NOW))
    keys = [next_of(worker).key for _ in range(9)]
    worker.handed(keys)
    worker.settled([(key, REFUSED) for key in keys[:6]])
    worker.settled([(key, REFUSED) for key in keys[6:8]])
    worker.settled([(keys[8], TAKEN)])
    worker.close()
    assert counted(database, send) == {State.ACCEPTED: 1, State.QUEUED: 11}


def test_whoever_waits_for_the_end_hears_of_it_too(database, journals):
    ledger, send = begin(database, PEOPLE[:5])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    answer(worker, [REFUSED] * 5)
    with pytest.raises(AccountFault):
        asyncio.run(worker.wait())
    worker.close()
    assert counted(database, send) == {State.QUEUED: 5}


def test_refusals_of_a_few_are_theirs_once_all_is_done(database, journals):
    ledger, send = begin(database, PEOPLE)
    worker = worker_of(ledger, send, Journal(journals, NOW))
    answer(worker, [REFUSED, TAKEN, *[REFUSED] * 4, *[TAKEN] * 5, REFUSED])
    worker.finish(alone=True)
    worker.close()
    assert counted(database, send) == {State.ACCEPTED: 6, State.FAILED: 6}


def test_a_list_of_dead_addresses_that_is_done_is_done(database, journals):
    ledger, send = begin(database, [f"p{n:02}@inbox.example" for n in range(50)])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    gone = Rejected(Reply(550, "5.1.1 user unknown"), Stage.RCPT)
    keys = []
    while envelope := next_of(worker):
        keys.append(envelope.key)
    worker.handed(keys)
    worker.settled([(key, gone) for key in keys])
    assert next_of(worker) is None
    worker.finish(alone=True)
    worker.close()
    assert counted(database, send) == {State.FAILED: 50}


def test_one_of_several_leaves_open_what_it_was_told_last(database, journals):
    ledger, send = begin(database, PEOPLE)
    worker = worker_of(ledger, send, Journal(journals, NOW))
    answer(worker, [REFUSED, TAKEN, *[REFUSED] * 4])
    worker.finish(alone=False)
    worker.close()
    assert counted(database, send) == {State.ACCEPTED: 1, State.FAILED: 1, State.QUEUED: 10}


def test_a_refusal_that_is_held_back_is_no_question_after_a_kill(database, journals):
    ledger, send = begin(database, PEOPLE)
    worker = worker_of(ledger, send, Journal(journals, NOW))
    answer(worker, [TAKEN, *[REFUSED] * 3])
    worker.flush()
    answer(worker, [REFUSED])
    worker.journal.close(keep=True)  # as a kill would leave it
    reclaim(database, journals, RetryPolicy(), NOW)
    assert counted(database, send) == {State.ACCEPTED: 1, State.QUEUED: 11}


def run_until_stopped(ledger, send, journals, reply_to, limit=None) -> list[str]:
    """Let a worker of its own send; return to whom it tried to, in order."""
    worker, tried = worker_of(ledger, send, Journal(journals, NOW), limit=limit), []
    with suppress(AccountFault):
        while envelope := next_of(worker):
            tried.append(envelope.recipient)
            worker.handed([envelope.key])
            worker.settled([(envelope.key, reply_to(envelope.recipient))])
        worker.finish(alone=True)
    worker.close()
    return tried


def test_who_was_refused_comes_last_and_is_believed_when_others_got_through(database, journals):
    ledger, send = begin(database, PEOPLE)
    refused = set(PEOPLE[:6])
    first = run_until_stopped(ledger, send, journals, lambda to: REFUSED if to in refused else TAKEN)
    assert first == PEOPLE[:5]
    second = run_until_stopped(ledger, send, journals, lambda to: REFUSED if to in refused else TAKEN)
    assert second == PEOPLE[5:] + PEOPLE[:5]
    assert counted(database, send) == {State.ACCEPTED: 6, State.FAILED: 6}


def test_as_long_as_nobody_gets_through_nobody_fails_and_they_are_tried_ever_more_rarely(database, journals):
    ledger, send = begin(database, PEOPLE)
    tried = [run_until_stopped(ledger, send, journals, lambda to: REFUSED) for _ in range(4)]
    assert [len(each) for each in tried] == [5] * 4
    assert tried[0] + tried[1] + tried[2][:2] == PEOPLE
    assert State.FAILED not in counted(database, send)
    later = run_until_stopped(ledger, send, journals, lambda to: TAKEN)
    assert set(later) | {e for e, s in states(database, send).items() if s is State.DEFERRED} == set(PEOPLE)


def test_a_limit_that_lets_few_be_tried_makes_nobody_fail(database, journals):
    ledger, send = begin(database, PEOPLE)
    worker = worker_of(ledger, send, Journal(journals, NOW), limit=3)
    answer(worker, [REFUSED] * 3)
    with pytest.raises(AccountFault, match="refuses the last 3 people, who stay in the queue"):
        worker.finish(alone=True)
    worker.close()
    assert counted(database, send) == {State.QUEUED: 12}


def test_who_is_refused_at_the_end_of_a_limit_fails_once_others_got_through(database, journals):
    ledger, send = begin(database, PEOPLE)

    def reply_to(who: str):
        return REFUSED if who in (PEOPLE[2], PEOPLE[3]) else TAKEN

    tried = [run_until_stopped(ledger, send, journals, reply_to, limit=4) for _ in range(4)]
    assert [who for run in tried for who in run] == PEOPLE + PEOPLE[2:4]
    assert counted(database, send) == {State.ACCEPTED: 10, State.FAILED: 2}


@pytest.mark.peers
def test_who_sends_loads_no_sqlalchemy():
    modules = "mailer.engine.worker_process, mailer.engine.worker"
    found = "[each for each in sys.modules if each.split('.')[0] in ('sqlalchemy', 'alembic')]"
    program = f"import sys, {modules}; print({found})"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_what_was_taken_along_with_a_message_that_cant_be_made_goes_back(database, journals):
    readers = [f"reader{number}@inbox.example" for number in range(24)]
    ledger, send = begin(database, [*readers, "broken@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    with pytest.raises(ZeroDivisionError):
        worker.take(100)
    worker.close()
    assert set(states(database, send).values()) == {State.QUEUED}


def test_no_more_are_taken_than_the_limit_lets_go(database, journals):
    ledger, send = begin(database, [f"reader{number}@inbox.example" for number in range(9)])
    worker = worker_of(ledger, send, Journal(journals, NOW), limit=5)
    assert [len(worker.take(most)) for most in (2, 16, 16)] == [2, 3, 0]
    worker.close()


@pytest.mark.parametrize("leave", [part, shut_out])
def test_whoever_says_a_word_is_heard_before_the_next_look(database, journals, leave):
    ledger, send = begin(database, ["ann@inbox.example", "ben@inbox.example", "cat@inbox.example"])
    worker = worker_of(ledger, send, Journal(journals, NOW))
    worker._heeded_at = worker._glance_at = monotonic() + 3600  # it has just looked, and is to for long
    ann = next_of(worker)
    leave(database, "ben@inbox.example")
    worker._glance_at = 0.0
    cat = next_of(worker)
    assert [each.recipient for each in (ann, cat)] == ["ann@inbox.example", "cat@inbox.example"]
    worker.settled([(each.key, TAKEN) for each in (ann, cat)])
    worker.close()
    assert states(database, send)["ben@inbox.example"] is State.CANCELLED
