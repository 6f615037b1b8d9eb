"""The texts of a send in a real database: corrected by compare-and-set, bound to what may be out already."""

from __future__ import annotations

import io
from datetime import timedelta

from sqlalchemy import select
from test_ledger import NOW, WEEKLY, database, frozen, hold, populate, said  # noqa: F401

from mailer.domain.delivery import RetryPolicy, State
from mailer.domain.moment import utc_text
from mailer.ledger.freezing import FrozenText
from mailer.ledger.journal import Journal, JournalHeader, read_journal
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import reclaim
from mailer.ledger.revisions import Revisions
from mailer.store.schema import deliveries, outcomes

RIGHT = FrozenText("Harbour", "8be112", b"corrected")
RIGHTER = FrozenText("Harbour", "c0ffee", b"corrected again")
PEOPLE = [(f"{name}@a.example", "subscribed") for name in ("ann", "ben", "cat", "dan")]


def revision_of(database, email: str) -> int | None:  # noqa: F811
    who = select(deliveries.c.subscriber_id).where(deliveries.c.email == email)
    with database.connect() as connection:
        found = select(outcomes.c.revision).where(outcomes.c.subscriber_id == who.scalar_subquery())
        return connection.scalar(found.order_by(outcomes.c.number.desc()))


def test_a_worker_with_the_text_from_before_gets_nothing_more(database):  # noqa: F811
    populate(database, *PEOPLE)
    ledger, send = frozen(database, chunk=1)
    hand = hold(database, send, "old")
    (claim,) = hand.take(NOW)
    assert claim.revision == 1
    assert Revisions(database).correct(send, RIGHT, NOW) is None, "one is in its hands"
    hand.record([said(claim, State.ACCEPTED)])
    corrected = Revisions(database).correct(send, RIGHT, NOW)
    assert (corrected.number, corrected.revision, corrected.first_revision) == (2, "8be112", "4f1c9a")
    assert hold(database, send, "old").take(NOW) == []
    new = hold(database, corrected, "new")
    assert [each.revision for _ in range(3) for each in new.take(NOW)] == [2, 2, 2]
    assert ledger.template(corrected, 1) == b"compiled"
    assert ledger.template(corrected, 2) == b"corrected"


def test_of_two_corrections_at_once_one_is_told_no(database):  # noqa: F811
    populate(database, *PEOPLE)
    _, send = frozen(database)
    assert Revisions(database).correct(send, RIGHT, NOW) is not None
    assert Revisions(database).correct(send, RIGHTER, NOW) is None
    assert Ledger(database).reread(send).revision == "8be112"


def test_what_was_never_handed_gets_the_new_text_whatever_it_was_claimed_with(database, tmp_path):  # noqa: F811
    populate(database, *PEOPLE)
    ledger, send = frozen(database)
    journal = Journal(tmp_path / "journals", NOW, JournalHeader(send.id, utc_text(NOW), "harbour"))
    hand = hold(database, send, journal.name)
    ann, ben, _, _ = hand.take(NOW)
    journal.handed([ann.delivery_id, ben.delivery_id])
    journal.settled([said(ann, State.DEFERRED, "451 later")])
    journal.close(keep=True)  # as one that died
    reclaim(database, tmp_path / "journals", RetryPolicy(), NOW)
    corrected = Revisions(database).correct(send, RIGHT, NOW)
    people = [each.email for each in Revisions(database).unsent(corrected, [State.QUEUED, State.DEFERRED])]
    assert sorted(people) == ["ann@a.example", "cat@a.example", "dan@a.example"]
    later = NOW + timedelta(hours=1)
    ledger.requeue_due(corrected, later)
    ledger.decide(corrected, State.UNCERTAIN, State.QUEUED, "decided: --resend-uncertain", later)
    new = hold(database, corrected, "new")
    taken = [each for _ in range(3) for each in new.take(later)]
    texts = {each.recipient.email[:3]: each.revision for each in taken}
    assert texts == {"ann": 2, "ben": 1, "cat": 2, "dan": 2}


def test_what_a_lost_journal_left_in_doubt_keeps_its_text_even_after_a_refusal(database, tmp_path):  # noqa: F811
    populate(database, *PEOPLE[:1])
    ledger, send = frozen(database)
    hold(database, send, "gone").take(NOW)
    reclaim(database, tmp_path / "journals", RetryPolicy(), NOW)
    corrected = Revisions(database).correct(send, RIGHT, NOW)
    for turn in range(2):
        at = NOW + timedelta(days=turn)
        ledger.decide(corrected, State.UNCERTAIN, State.QUEUED, "decided: --resend-uncertain", at)
        ledger.requeue_due(corrected, at)
        hand = hold(database, corrected, "new")
        (claim,) = hand.take(at)
        assert claim.revision == 1
        hand.record([said(claim, State.DEFERRED, "451 later", at)])


def test_a_journal_names_the_text_and_one_from_before_is_read_too(tmp_path):
    header = JournalHeader(7, utc_text(NOW), "harbour", "5e77", "8be112")
    journal = Journal(tmp_path, NOW, header)
    data = (tmp_path / journal.name).read_bytes()
    journal.close(keep=False)
    assert read_journal(journal.name, io.BytesIO(data)).header == header


def test_a_correction_ends_a_pause_but_no_cancellation(database):  # noqa: F811
    populate(database, *PEOPLE)
    ledger, send = frozen(database)
    ledger.pause(send, "ann", NOW)
    corrected = Revisions(database).correct(ledger.reread(send), RIGHT, NOW)
    assert corrected.halted is None
    ledger.cancel(corrected, "ann", NOW)
    assert Revisions(database).correct(corrected, RIGHTER, NOW) is None


def test_an_erratum_has_its_own_account_and_is_no_repetition(database):  # noqa: F811
    populate(database, *PEOPLE, ("eve@a.example", "unsubscribed"))
    ledger, send = frozen(database, chunk=3)
    hand = hold(database, send, "w")
    claims = hand.take(NOW)
    hand.record([said(claim, State.ACCEPTED) for claim in claims])
    corrected = Revisions(database).correct(send, RIGHT, NOW)
    erratum = Revisions(database).freeze_erratum(corrected, RIGHTER, NOW)
    ledger.proved(erratum, NOW)
    assert (erratum.corrects, erratum.correction, erratum.candidates) == (send.id, 2, 3)
    assert sorted(each.email[:3] for each in ledger.frozen(erratum)) == ["ann", "ben", "cat"]
    assert ledger.find("harbour", WEEKLY).id == send.id
    assert list(Revisions(database).mistaken(corrected, corrected.revision)) == []
    assert LedgerQueries(database).discrepancies(erratum) == []
    again = ledger.freeze(
        "harbour", WEEKLY, subject="s", revision="r", template=b"t", now=NOW, occasion=1, again=True
    )
    assert len(list(ledger.frozen(again))) == 4
