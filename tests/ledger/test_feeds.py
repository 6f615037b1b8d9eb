"""What schedules know of feeds: an entry is settled once, with the issue that takes it or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.domain.audience import Audience
from mailer.domain.digest import Digest
from mailer.domain.recurrence import NoneReady, Recurrence
from mailer.ledger.feeds import Feeds, FeedStanding, Settled
from mailer.ledger.schedules import Schedule, Schedules
from mailer.store.database import Database, open_database

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
WHO, OTHER = "mailer tick (process 1) on quay", "mailer run (process 2) on pier"
FEED = "https://quay.example/feed"
READ = FeedStanding(FEED, moved_to="https://pier.example/feed", etag='"1"', last_modified="x", trouble="")
KEYS = "a" * 64, "b" * 64
WEEKLY = Recurrence("0 8 * * MON", NoneReady.FAIL, Digest((FEED,), 2, 5, full_text=True, template="tide"))


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    made = open_database(database_url, tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def occurrence(database: Database) -> Schedule:
    """One that WHO has taken."""
    schedules = Schedules(database)
    parent = schedules.add(FEED, Audience(("weekly",)), NOW, "UTC", NOW, WEEKLY)
    assert schedules.recur(parent, NOW, NOW.replace(month=12), "", NOW)
    (due,) = schedules.due(NOW)
    assert schedules.take(due.id, WHO, NOW)
    return schedules.get(due.id)


def take(feeds: Feeds, occurrence: Schedule, who: str, written: list[str]) -> bool:
    return feeds.take(
        occurrence,
        who,
        "issues/digest.html",
        [Settled(KEYS, sent=True), Settled(("c" * 64,), sent=False)],
        [READ],
        lambda: written.append("digest"),
        NOW,
    )


def test_how_a_digest_is_made_is_kept(occurrence: Schedule) -> None:
    assert occurrence.recurrence == WEEKLY


def test_who_has_the_occurrence_takes_entries_and_nobody_else(
    database: Database, occurrence: Schedule
) -> None:
    feeds, written = Feeds(database), list[str]()
    parent = occurrence.parent_id or 0
    assert not take(feeds, occurrence, OTHER, written)
    assert (written, feeds.settled([parent], KEYS), feeds.standings(parent)) == ([], set(), {})
    assert take(feeds, occurrence, WHO, written)
    assert written == ["digest"]
    assert feeds.settled([parent], [*KEYS, "c" * 64, "d" * 64]) == {*KEYS, "c" * 64}
    assert feeds.settled([parent + 1_000], KEYS) == set()
    assert feeds.standings(parent) == {FEED: READ}
    assert Schedules(database).get(occurrence.id).issue == "issues/digest.html"


def test_what_can_t_be_written_is_not_taken(database: Database, occurrence: Schedule) -> None:
    def full() -> None:
        raise OSError("the disk is full")

    feeds, parent = Feeds(database), occurrence.parent_id or 0
    with pytest.raises(OSError, match="full"):
        feeds.take(occurrence, WHO, "issues/x.html", [Settled(KEYS, sent=True)], [READ], full, NOW)
    assert feeds.settled([parent], KEYS) == set()
    assert feeds.standings(parent) == {}
    assert Schedules(database).get(occurrence.id).issue == ""


def test_how_a_feed_stands_is_noted_anew(database: Database, occurrence: Schedule) -> None:
    feeds, parent = Feeds(database), occurrence.parent_id or 0
    feeds.note(parent, [READ], NOW)
    broken = FeedStanding(FEED, trouble="the server says 404 Not Found")
    feeds.note(parent, [broken], NOW)
    assert feeds.standings(parent) == {FEED: broken}
