"""What was learned comes back as it was, for its account alone, until it is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from members import join
from sqlalchemy import select

from mailer.domain.audience import Audience
from mailer.domain.delivery import Settlement, State
from mailer.domain.learned import ACCOUNT, Learned, QuotaFound, RateFound
from mailer.domain.outcome import Stage
from mailer.ledger.holding import Holding
from mailer.ledger.journal import Journal, read_journal
from mailer.ledger.ledger import Ledger
from mailer.ledger.outcomes import note_passed
from mailer.ledger.pace_memory import FRESH, PaceMemory, account_key
from mailer.people.lists import Lists
from mailer.store.database import open_database
from mailer.store.schema import outcomes, passed

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ACCOUNT_KEY = account_key("smtp.provider.example", "editor")
RATE = Learned("google", rate=RateFound(13.8, 14.0, 120.0))
QUOTA = QuotaFound(200, 86400.0, NOW.timestamp(), 0, NOW.timestamp() + 3600.5)


@pytest.fixture
def database(database_url, tmp_path):
    engine = open_database(database_url, tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def memory(database):
    return PaceMemory(database, ACCOUNT_KEY)


def test_what_was_learned_comes_back(memory):
    whole = Learned(ACCOUNT, RateFound(1, 2, 60), QUOTA, 3)
    memory.remember([whole, RATE], NOW, [])
    assert sorted(memory.recall(NOW), key=lambda each: each.scope) == [whole, RATE]


def test_the_newest_holds_and_others_stay(memory):
    memory.remember([RATE, Learned(ACCOUNT, connections=3)], NOW, [])
    newer = Learned(ACCOUNT, quota=QuotaFound(0, 3600.0, NOW.timestamp(), 0))
    memory.remember([newer], NOW + timedelta(hours=1), memory.recall(NOW))
    assert sorted(memory.recall(NOW), key=lambda each: each.scope) == [newer, RATE]


def test_what_another_one_remembered_meanwhile_is_kept(memory):
    slow = Learned("google", rate=RateFound(4, 5, 60))
    memory.remember([RATE], NOW, [])
    known = memory.recall(NOW)
    memory.remember([slow, Learned(ACCOUNT, connections=3)], NOW, known)
    memory.remember([RATE, Learned(ACCOUNT, connections=5)], NOW, known)
    assert sorted(memory.recall(NOW), key=lambda each: each.scope) == [Learned(ACCOUNT, connections=3), slow]


def test_what_holds_no_more_is_forgotten(memory):
    memory.remember([RATE, Learned(ACCOUNT, connections=3)], NOW, [])
    memory.remember([Learned(ACCOUNT)], NOW, memory.recall(NOW))
    assert memory.recall(NOW) == [RATE]


def test_it_is_forgotten_when_it_is_old(memory):
    memory.remember([RATE], NOW, [])
    assert memory.recall(NOW + FRESH - timedelta(seconds=1)) == [RATE]
    assert memory.recall(NOW + FRESH) == []
    memory.remember([], NOW + FRESH, [])
    assert memory.recall(NOW) == []


def test_accounts_are_apart(database, memory):
    memory.remember([RATE], NOW, [])
    for host, username in (("smtp.provider.example", "else"), ("smtp.other.example", "editor")):
        assert PaceMemory(database, account_key(host, username)).recall(NOW) == []
    assert PaceMemory(database, account_key("SMTP.Provider.example", "editor")).recall(NOW) == [RATE]


def test_a_warm_up_begins_once_for_each_domain(memory):
    today, later = date(2026, 11, 23), NOW + timedelta(days=2)
    assert memory.warmed_since("gazette.example", today, NOW) == (today, NOW)
    assert memory.warmed_since("gazette.example", date(2026, 11, 25), later) == (today, NOW)
    assert memory.warmed_since("news.example", date(2026, 11, 25), later) == (date(2026, 11, 25), later)


def through(database, minutes: float, number: int = 1, account: str = ACCOUNT_KEY) -> None:
    """Put down that so many were accepted so many minutes from NOW."""
    with database.begin() as connection:
        note_passed(connection, account, NOW + timedelta(minutes=minutes), number)


def test_what_an_account_got_through_is_its_own(database, memory):
    for minutes, number in ((-1, 5), (0, 2), (2, 3)):
        through(database, minutes, number)
    through(database, 1, 100, account_key("smtp.other.example", "editor"))
    assert memory.accepted_since(NOW) == 5


def test_what_got_through_long_ago_is_dropped(database, memory):
    through(database, 0)
    memory.remember([], NOW + FRESH, [])
    with database.connect() as connection:
        assert connection.execute(select(passed)).all() == []


def test_a_quota_in_use_is_what_the_ledger_shows(database, memory):
    memory.remember([Learned(ACCOUNT, quota=replace(QUOTA, parked_until=0.0))], NOW, [])
    for minutes in (-60 * 25, -60, -30, 0):
        through(database, minutes)
    (known,) = memory.recall(NOW + timedelta(minutes=1))
    first = (NOW - timedelta(minutes=60)).timestamp()
    # As it is written, too: a number of a database's own is no number to reckon with.
    assert repr(known.quota) == repr(QuotaFound(200, 86400.0, first, 3))


def test_a_quota_is_as_large_as_all_runs_together_found_it(database, memory):
    for minutes in (-120, -60, -1):
        through(database, minutes)
    # The last run alone sent one message and was stopped for a day.
    now = NOW.timestamp()
    memory.remember([Learned(ACCOUNT, quota=QuotaFound(1, 86400.0, now - 60, 1, now + 86340))], NOW, [])
    (known,) = memory.recall(NOW)
    first = (NOW - timedelta(minutes=120)).timestamp()
    assert known.quota == QuotaFound(3, 86400.0, first, 3, first + 86400)


def test_a_limit_says_itself_when_a_message_goes_again(database, tmp_path):
    ledger = Ledger(database)
    Lists(database).create("weekly", NOW)
    for email in ("ann@gmail.com", "ben@inbox.example", "cat@GoogleMail.com"):
        join(database, email, "weekly")
    send = ledger.freeze("harbour", Audience(("weekly",)), subject="s", revision="r", template=b"t", now=NOW)
    ledger.proved(send, NOW)
    hand = Holding(database, send, "w")
    (ben,) = hand.take(NOW, without=["google"])
    assert ben.recipient.email == "ben@inbox.example"
    due = NOW + timedelta(seconds=2)
    said = Settlement(ben.delivery_id, State.DEFERRED, NOW, Stage.CONTENT, "454 slower", due)
    journal = Journal(tmp_path / "journals", NOW)
    journal.settled([said])
    written = (tmp_path / "journals" / journal.name).read_bytes()
    journal.close(keep=False)
    assert read_journal(journal.name, BytesIO(written)).last_word == {ben.delivery_id: said}
    hand.record([said])
    assert ledger.requeue_due(send, NOW) == 0
    assert ledger.requeue_due(send, due) == 1
    with database.connect() as connection:
        o = outcomes.c
        his = select(o.state, o.tried).where(o.subscriber_id == ben.delivery_id).order_by(o.number)
        rows = connection.execute(his).all()
    assert rows == [("deferred", False), ("queued", False)]


def test_how_fast_it_went_is_told_by_what_passed_while_it_was_used(database, memory):
    assert memory.throughput(NOW) is None
    with database.begin() as connection:
        for second, number in [(0, 500), (10, 100), (20, 140), (4000, 999), (4030, 60)]:
            note_passed(connection, ACCOUNT_KEY, NOW + timedelta(seconds=second), number)
        note_passed(connection, "another", NOW + timedelta(seconds=5), 10_000)
    # Not the first batch of a run, of which nothing tells how long it took.
    assert memory.throughput(NOW + timedelta(hours=2)) == pytest.approx((100 + 140 + 60) / 50)
    assert memory.throughput(NOW + FRESH + timedelta(hours=2)) is None
