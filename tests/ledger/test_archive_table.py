"""Which sends anybody may read, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from mailer.domain.audience import Audience
from mailer.ledger.archive import ArchiveTable
from mailer.people.lists import Lists
from mailer.store.database import Database, open_database
from mailer.store.schema import chunks, lists, revisions, sends

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    opened = open_database(database_url, tmp_path)
    Lists(opened).create("weekly", NOW, "Harbour Weekly", said={"is_public": True})
    yield opened
    opened.dispose()


def sent(database: Database, slug: str, accepted: int = 1, **values: Any) -> int:
    """Write a proved send of which so many were accepted, and what is shown of it."""
    row = {
        "slug": slug,
        "audience": Audience(("weekly",)).canonical(),
        "subject": slug,
        "revision": "0",
        "created_at": NOW,
        "proved_at": NOW,
    }
    with database.begin() as connection:
        send_id: int = connection.scalar(insert(sends).values({**row, **values}).returning(sends.c.id))
        text = {"send_id": send_id, "no": 1, "revision": "0", "subject": slug, "since": NOW}
        connection.execute(insert(revisions).values({**text, "template": b"x"}))
        chunk = {"send_id": send_id, "first": 1, "last": 9, "is_open": False, "accepted": accepted}
        connection.execute(insert(chunks).values(chunk))
    ArchiveTable(database).put(send_id, slug.title(), "", f"The text of {slug}")
    return send_id


def shown(database: Database) -> list[str]:
    return [each.slug for each in ArchiveTable(database).sends()]


def test_what_went_to_somebody_is_shown_the_newest_first(database: Database) -> None:
    sent(database, "old", created_at=NOW - timedelta(days=7))
    sent(database, "new")
    assert shown(database) == ["new", "old"]


@pytest.mark.parametrize(
    "values",
    [
        {"accepted": 0},
        {"proved_at": None},
        {"halted": "cancelled"},
        {"corrects": 1, "correction": 1},
        {"audience": '{"exclude":[],"lists":["weekly"],"segment":"members"}'},
    ],
    ids=["nobody has it", "not proved", "cancelled", "an erratum", "for a part of the list"],
)
def test_what_was_not_meant_for_all_is_not_shown(database: Database, values: dict[str, Any]) -> None:
    sent(database, "tide", **values)
    assert shown(database) == []


def test_a_paused_send_is_under_way(database: Database) -> None:
    sent(database, "tide", halted="paused")
    assert shown(database) == ["tide"]


def test_what_is_taken_out_is_gone_and_may_come_back(database: Database) -> None:
    tide = sent(database, "tide")
    table = ArchiveTable(database)
    table.remove([tide])
    assert shown(database) == []
    assert table.matching("text") == []
    table.put(tide, "Tide", "", "again")
    table.put(tide, "Tide", "", "and again")
    assert shown(database) == ["tide"]


def test_only_a_public_list_with_an_archive_has_one(database: Database) -> None:
    Lists(database).create("board", NOW)
    table = ArchiveTable(database)
    assert [each.name for each in table.public_lists()] == ["weekly"]
    with database.begin() as connection:
        connection.execute(update(lists).where(lists.c.name == "weekly").values(in_archive=False))
    assert table.public_lists() == []


def test_a_correction_is_what_is_shown(database: Database) -> None:
    tide = sent(database, "tide")
    later = NOW + timedelta(hours=1)
    with database.begin() as connection:
        text = {"send_id": tide, "no": 2, "revision": "1", "subject": "x", "since": later, "template": b"y"}
        connection.execute(insert(revisions).values(text))
    (found,) = ArchiveTable(database).sends()
    assert (found.number, found.revised_at) == (2, later)
    assert ArchiveTable(database).template(tide, 2) == b"y"


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("clock", True),
        ("CLOCK ice", True),
        ("clo hou", True),  # words that begin so
        ("lock", False),
        ("clock herring", False),
        ("ete", True),  # été
        ("%", False),
        ("_lock", False),
        ("'; DROP TABLE archive; --", False),
        ("", False),
    ],
)
def test_words_are_found_however_they_are_written(database: Database, text: str, finds: bool) -> None:
    tide = sent(database, "tide")
    table = ArchiveTable(database)
    table.put(tide, "The Ice-House Clock", "", "At noon: “Été”, 100%.")
    assert table.matching(text) == ([tide] if finds else [])
