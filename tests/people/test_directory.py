"""Looking people up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from members import join, part, shut_out
from sqlalchemy import Engine, event

from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.segment.named import KeptSegment
from mailer.domain.subscriber import Status
from mailer.people.directory import PAGE, Directory
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.lists import Lists
from mailer.store.database import open_database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHO = {
    "ada@quay.example": {"name": "Ada Quint", "language": "en", "town": "Port Example"},
    "bram@lighthouse.test": {"name": "Bram Okafor"},
    "room@library.example": {},
    "hut@library.example": {"town": "North Mole"},
    "percent@quay.example": {"name": "100% Tide_Table"},
}


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    Lists(engine).create("weekly", NOW)
    Lists(engine).create("monthly", NOW)
    for email, texts in WHO.items():
        join(engine, email, "weekly", fields=texts)
    yield engine
    engine.dispose()


@pytest.fixture
def directory(engine: Engine) -> Directory:
    return Directory(engine)


def found(directory: Directory, text: str) -> list[str]:
    return [each.email for each in directory.matching(text, 10)]


def test_people_are_found_by_name_and_address(directory: Directory) -> None:
    assert found(directory, "QUINT") == ["ada@quay.example"]
    assert found(directory, "library") == ["room@library.example", "hut@library.example"]
    assert found(directory, "b")[0] == "bram@lighthouse.test"  # begins with it
    assert "room@library.example" in found(directory, "b")
    assert found(directory, "100%") == ["percent@quay.example"]
    assert found(directory, "e_t") == ["percent@quay.example"]
    assert found(directory, "%%") == []
    assert len(directory.matching("", 2)) == 2


def test_the_first_of_a_list_is_one_who_would_get_the_issue(engine: Engine, directory: Directory) -> None:
    weekly, monthly = Lists(engine).ids(["weekly", "monthly"])
    assert directory.first([monthly]) is None
    assert directory.first([]) is None
    first = directory.first([monthly, weekly])
    assert first is not None
    assert (first.email, first.fields) == ("ada@quay.example", {"town": "Port Example"})
    part(engine, "ada@quay.example", "weekly")
    shut_out(engine, "bram@lighthouse.test")
    first = directory.first([weekly])
    assert first is not None
    assert first.email == "room@library.example"


def test_the_barest_is_one_without_a_name(engine: Engine, directory: Directory) -> None:
    barest = directory.barest(Lists(engine).ids(["weekly"]))
    assert barest is not None
    assert barest.email == "room@library.example"
    assert directory.barest([]) is None


def test_a_person_is_found_by_the_key_of_their_address(directory: Directory) -> None:
    person = directory.person(Address.parse("ADA@quay.example").key)
    assert person is not None
    assert person.name == "Ada Quint"
    assert directory.person("nobody@quay.example") is None


def test_growth_is_told_by_the_newest(tmp_path: Path, engine: Engine, directory: Directory) -> None:
    assert Directory(open_database("sqlite:///empty.db", tmp_path)).newest() == (0, 0, None)
    assert directory.newest() == (2, len(WHO), None)


def test_the_ledger_is_asked_once_whom_a_segment_leaves_however_many_pages_they_are(
    engine: Engine, directory: Directory
) -> None:
    terms = Consent(Lists(engine).ids(["weekly"]), Source(SourceKind.FORM), NOW)
    crowd = [Entry(Address.parse(f"reader{number}@quay.example")) for number in range(2 * PAGE)]
    with engine.begin() as connection:
        enrol(connection, crowd, terms)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    unmailed = KeptSegment("received last 1", "received last 1", NOW.date(), "UTC", excluded=True)
    assert len(list(directory.subscribers("weekly", Status.SUBSCRIBED, [unmailed]))) == len(WHO) + 2 * PAGE
    assert len([each for each in statements if "outcomes" in each]) == 1
