"""Marks: what may be handed over stands in the ledger before, whoever may be lost and whatever comes late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pytest
from sqlalchemy import Engine, event, select, update
from test_ledger import NOW, database, frozen, populate, said, states  # noqa: F401

from mailer.domain.delivery import RetryPolicy, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.errors import StorageBusy
from mailer.ledger.freezing import FrozenText
from mailer.ledger.journal import Journal, JournalHeader, boot
from mailer.ledger.ledger import Ledger
from mailer.ledger.marking import MarkedHolding
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import Reclaimed, reclaim
from mailer.ledger.revisions import Revisions
from mailer.ledger.taking import words_of_loss
from mailer.store.schema import chunks, subscriptions

PEOPLE = [(f"{name}@a.example", "subscribed") for name in ("ann", "ben", "cat", "dan")]


@pytest.fixture
def two(database):  # noqa: F811
    """A send of one chunk of four, and two workers on two machines."""
    populate(database, *PEOPLE)
    _, send = frozen(database)
    return database, send, MarkedHolding(database, send, "one"), MarkedHolding(database, send, "two")


def run_out(database: Engine) -> None:  # noqa: F811
    """Let every lease end."""
    with database.begin() as connection:
        connection.execute(update(chunks).values(leased_until=NOW - timedelta(days=99)))


def test_what_is_leased_is_not_taken_until_the_lease_ends(two):
    database, _, one, other = two  # noqa: F811
    assert len(one.take(NOW)) == 4
    assert other.take(NOW) == []
    run_out(database)
    assert len(other.take(NOW)) == 4


def test_only_who_was_marked_is_in_doubt_when_a_machine_is_lost(two):
    database, send, one, other = two  # noqa: F811
    ann, ben, cat, _ = one.take(NOW)
    one.mark([ann.delivery_id, ben.delivery_id])
    one.mark([cat.delivery_id], [said(ann, State.ACCEPTED)])
    run_out(database)
    assert [each.recipient.email for each in other.take(NOW)] == ["dan@a.example"]
    assert states(database) == {
        "ann@a.example": "accepted",
        "ben@a.example": "uncertain",
        "cat@a.example": "uncertain",
        "dan@a.example": "claimed",
    }
    lines = {line.email: line.words for line in LedgerQueries(database).deliveries(send, State.UNCERTAIN)}
    assert set(lines.values()) == {words_of_loss("one")}
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_lease_that_ended_is_let_go_also_where_nobody_comes_to_take_it(two, tmp_path):
    database, send, one, _ = two  # noqa: F811
    ann, ben, *_ = one.take(NOW)
    one.mark([ann.delivery_id])
    assert reclaim(database, tmp_path / "journals", RetryPolicy(), NOW) == Reclaimed()
    assert Revisions(database).correct(send, FrozenText("s", "8be112", b"t"), NOW) is None
    run_out(database)
    assert reclaim(database, tmp_path / "journals", RetryPolicy(), NOW) == Reclaimed(queued=3, uncertain=1)
    assert Revisions(database).correct(send, FrozenText("s", "8be112", b"t"), NOW) is not None
    one.record([said(ben, State.ACCEPTED)])
    assert one.lost
    assert states(database)["ben@a.example"] == "queued", "it was not marked: it can't have been handed over"


def test_a_worker_that_lived_on_says_what_it_knows(two):
    database, send, one, other = two  # noqa: F811
    ann, ben, cat, dan = one.take(NOW)
    one.mark([each.delivery_id for each in (ann, ben, cat)])
    run_out(database)
    assert len(other.take(NOW)) == 1
    other.mark([dan.delivery_id])
    other.record([said(dan, State.ACCEPTED)])
    # Ann's answer came; ben's is still to come; cat was never handed over.
    one.record([said(ann, State.ACCEPTED)])
    assert one.lost == {each.delivery_id for each in (ann, ben, cat, dan)}
    one.disown([cat.delivery_id], NOW)
    assert not one.lost
    assert states(database) == {
        "ann@a.example": "accepted",
        "ben@a.example": "uncertain",
        "cat@a.example": "queued",
        "dan@a.example": "accepted",
    }
    one.record([said(ben, State.FAILED, "550 no")])
    assert states(database)["ben@a.example"] == "queued", "it has no copy, and may be tried again"
    assert {each.delivery_id for _ in range(2) for each in other.take(NOW)} == {
        ben.delivery_id,
        cat.delivery_id,
    }
    assert LedgerQueries(database).discrepancies(send) == []


def test_late_words_change_nothing_that_was_decided(two):
    database, send, one, other = two  # noqa: F811
    ann, *_ = one.take(NOW)
    one.mark([ann.delivery_id])
    run_out(database)
    other.take(NOW)
    Ledger(database).decide(send, State.UNCERTAIN, State.ACCEPTED, "decided: --accept-uncertain", NOW)
    one.record([said(ann, State.FAILED, "550 no")])
    assert states(database)["ann@a.example"] == "accepted"


@pytest.mark.parametrize("took_place", [True, False], ids=["committed", "lost"])
def test_a_commit_whose_answer_is_lost_is_done_once(two, took_place):
    database, send, one, _ = two  # noqa: F811
    ann, ben, _, _ = one.take(NOW)
    one.mark([ann.delivery_id])
    settled = [said(ann, State.ACCEPTED)]
    with breaking(database, after=took_place), pytest.raises(StorageBusy):
        one.mark([ben.delivery_id], settled)
    one.mark([ben.delivery_id], settled)
    with database.connect() as connection:
        assert connection.scalar(select(chunks.c.in_doubt)) == [ben.delivery_id]
    one.record([Settlement(ben.delivery_id, State.ACCEPTED, NOW, Stage.CONTENT, "250 Ok")])
    assert list(states(database).values()) == ["accepted", "accepted", "claimed", "claimed"]
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_worker_whose_lease_ends_takes_nothing_that_it_has(two):
    database, _, one, _ = two  # noqa: F811
    assert len(one.take(NOW)) == 4
    run_out(database)  # it stood still, in the middle of looking for more
    assert one.take(NOW) == []


def test_not_even_once_another_has_let_go_of_it(two, tmp_path):
    database, send, one, _ = two  # noqa: F811
    claims = one.take(NOW)
    run_out(database)
    assert reclaim(database, tmp_path / "journals", RetryPolicy(), NOW) == Reclaimed(queued=4)
    assert one.take(NOW) == [], "they wait here still, and would go twice"
    one.mark([each.delivery_id for each in claims[:2]])
    assert one.lost == {each.delivery_id for each in claims}
    one.disown(one.lost, NOW)
    assert len(one.take(NOW)) == 4
    assert LedgerQueries(database).discrepancies(send) == []


def test_what_comes_back_after_its_chunk_was_lost_may_not_be_handed_over(two):
    database, _, one, other = two  # noqa: F811
    ann, ben, *_ = (each.delivery_id for each in one.take(NOW))
    one.mark([ann, ben])
    run_out(database)
    other.take(NOW)
    one.mark([])
    one.disown(one.lost - {ann, ben}, NOW)  # they were on their way, and a connection broke
    one.mark([ann])
    assert one.lost == {ann}
    one.disown([ann], NOW)
    assert list(states(database).values()) == ["queued", "uncertain", "claimed", "claimed"]


def test_who_is_on_the_way_still_is_not_claimed_by_the_same_worker_again(two):
    database, send, one, other = two  # noqa: F811
    ann, *_ = (each.delivery_id for each in one.take(NOW))
    one.mark([ann])
    run_out(database)
    other.take(NOW)
    one.mark([])
    one.disown(one.lost - {ann}, NOW)
    Ledger(database).decide(send, State.UNCERTAIN, State.QUEUED, "decided: --resend-uncertain", NOW)
    assert [each.delivery_id for each in one.take(NOW)] == []
    one.record([Settlement(ann, State.ACCEPTED, NOW, Stage.CONTENT, "250 Ok")])
    assert states(database)["ann@a.example"] == "accepted", "by the answer to what it had already"
    assert LedgerQueries(database).discrepancies(send) == []


def test_one_chunk_that_nobody_took_shows_that_a_commit_took_place(two):
    database, send, *_ = two  # noqa: F811
    _, send = frozen(database, occasion=1, chunk=2, again=True)
    one, other = MarkedHolding(database, send, "one"), MarkedHolding(database, send, "two")
    ann, ben, cat, dan = (each.delivery_id for _ in range(2) for each in one.take(NOW))
    one.mark([ann, cat])
    settled = [Settlement(each, State.ACCEPTED, NOW, Stage.CONTENT, "250 Ok") for each in (ann, cat)]
    with breaking(database, after=True), pytest.raises(StorageBusy):
        one.mark([], settled)
    run_out(database)
    assert [each.delivery_id for each in other.take(NOW)] == [ben]
    one.mark([dan], settled)
    assert one.lost == {ben}
    assert LedgerQueries(database).totals(send).states[State.ACCEPTED] == 2
    assert LedgerQueries(database).discrepancies(send) == []


@pytest.mark.parametrize("took_place", [True, False], ids=["committed", "lost"])
def test_who_left_does_not_go_although_the_answer_to_that_is_lost(two, took_place):
    database, send, one, other = two  # noqa: F811
    everybody = [each.delivery_id for each in one.take(NOW)]
    one.mark(everybody[:1])
    with database.begin() as connection:
        connection.execute(update(subscriptions).values(status="unsubscribed"))
    with breaking(database, after=took_place):
        assert one.withdraw(everybody, NOW) == set(everybody)
    assert one.withdraw([], NOW) == set()
    one.give_back(NOW)
    assert other.take(NOW) == []
    assert set(states(database).values()) == {"cancelled"}
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_worker_that_ends_says_of_lost_ones_that_they_were_not_handed_over(two):
    database, _, one, other = two  # noqa: F811
    one.mark([each.delivery_id for each in one.take(NOW)])
    run_out(database)
    assert other.take(NOW) == []
    assert set(states(database).values()) == {"uncertain"}
    one.give_back(NOW)
    assert set(states(database).values()) == {"queued"}


def test_what_cannot_be_said_while_the_ledger_is_away_is_said_later(two):
    database, _, one, other = two  # noqa: F811
    everybody = [each.delivery_id for each in one.take(NOW)]
    one.mark(everybody)
    run_out(database)
    other.take(NOW)
    one.mark([])
    with breaking(database, after=False):
        one.disown(everybody, NOW)
    assert set(states(database).values()) == {"uncertain"}
    one.mark([])
    assert set(states(database).values()) == {"queued"}


@pytest.mark.parametrize("taken_over", [False, True], ids=["before", "after"])
def test_after_a_power_cut_only_who_was_marked_is_in_doubt(two, tmp_path, taken_over):
    database, send, _, other = two  # noqa: F811
    journal = Journal(tmp_path, NOW, JournalHeader(send.id, utc_text(send.created_at), send.slug))
    one = MarkedHolding(database, send, journal.name)
    ann, ben, cat, dan = (each.delivery_id for each in one.take(NOW))
    one.mark([ann, ben, cat])
    journal.handed([ann, ben])
    journal.settled(
        [
            Settlement(ann, State.ACCEPTED, NOW, Stage.CONTENT, "250 Ok"),
            # Perhaps it was due again, and handed over, in what is missing.
            Settlement(ben, State.DEFERRED, NOW, Stage.CONTENT, "451 later"),
        ]
    )
    journal.close(keep=True)
    written_in_another_boot(tmp_path / journal.name)
    if taken_over:
        run_out(database)
        assert [each.delivery_id for each in other.take(NOW)] == [dan]
    reclaim(database, tmp_path, RetryPolicy(), NOW)
    assert list(states(database).values())[:3] == ["accepted", "uncertain", "uncertain"]
    assert states(database)["dan@a.example"] == ("claimed" if taken_over else "queued")
    assert LedgerQueries(database).discrepancies(send) == []


def written_in_another_boot(path: Path) -> None:
    heading, newline, rest = path.read_bytes().partition(b"\n")
    earlier = heading.rpartition(b" ")[0].replace(boot().encode(), b"another-boot")
    path.write_bytes(b"%s %08x" % (earlier, crc32(earlier)) + newline + rest)


class breaking:
    """Let the next commit fail as if the connection broke: before it reached the database, or `after`."""

    def __init__(self, database: Engine, *, after: bool) -> None:  # noqa: F811
        self.database, self.after = database, after

    def __enter__(self) -> None:
        event.listen(self.database, "commit", self._break)

    def __exit__(self, *error: object) -> None:
        event.remove(self.database, "commit", self._break)

    def _break(self, connection) -> None:
        if self.after:
            connection.connection.commit()
        raise StorageBusy("the connection broke", next_step="-")
