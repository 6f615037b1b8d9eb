"""What `subscribers list --csv` writes, `subscribers import` reads back: states, lists, types, characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from mailer.domain.address import BLANKS, Address
from mailer.domain.field import FieldType
from mailer.domain.spreadsheet import guard, read_lists, unguard, write_lists
from mailer.domain.subscriber import Status, Subscriber
from mailer.people.directory import Directory
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.field_types import declare_types
from mailer.people.lists import Lists
from mailer.services.export import export_people
from mailer.services.import_people import Import, import_people
from mailer.store.database import open_database
from mailer.store.schema import lists, subscribers, suppressions

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LISTS = ("daily", "monthly", "weekly")
TYPES = {
    "note": FieldType.TEXT,
    "paid": FieldType.BOOLEAN,
    "visits": FieldType.NUMBER,
    "since": FieldType.DATE,
    "colours": FieldType.LIST,
    "status": FieldType.TEXT,  # an ordinary field by now, whatever it holds
}


@pytest.fixture(scope="module")
def engines(
    kept_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Engine]]:
    """Yield two databases that know the same fields: one of SQLite to write from, one to read into."""
    made = [
        open_database(url, tmp_path_factory.mktemp("people"))
        for url in ("sqlite:///mailer.db", kept_database_url)
    ]
    for engine in made:
        with engine.begin() as connection:
            declare_types(connection, TYPES)
    yield made[0], made[1]
    for engine in made:
        engine.dispose()


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in (subscribers, suppressions, lists):
            connection.execute(delete(table))


# Of what has no control character in it, as `CONTROLS` has it; a text of nothing but blanks is no cell.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12).map(
    lambda text: text.strip(BLANKS) or "x"
)
CELLS = st.one_of(
    TEXTS, st.sampled_from(["'=x", "''=x", "=1+1", "-5", "'-5", "'t Hooft", "@", "no", "'", '"a"'])
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "name": CELLS,
        "language": CELLS,
        "timezone": CELLS,
        "tags": st.lists(CELLS, min_size=1, max_size=3),
        "note": CELLS,
        "status": st.sampled_from(["unsubscribed", "board", "bounced"]),
        "paid": st.booleans(),
        "visits": st.one_of(
            st.integers(-(10**20), 10**20), st.decimals(-(10**9), 10**9, places=4).map(float)
        ),
        "since": st.dates().map(str),
        "colours": st.lists(CELLS, min_size=1, max_size=3),
    },
)
STATUSES = st.tuples(*[st.one_of(st.none(), st.sampled_from(list(Status)))] * len(LISTS))
PEOPLE = st.lists(
    st.tuples(VALUES, STATUSES, st.sampled_from([None, "bounced", "complained", "requested"])), max_size=6
)


def everyone(engine: Engine) -> list[Subscriber]:
    return [replace(each, id=0) for each in Directory(engine).subscribers()]


@settings(max_examples=20)
@given(PEOPLE)
def test_what_is_exported_is_read_back_the_same(
    engines: tuple[Engine, Engine],
    tmp_path_factory: pytest.TempPathFactory,
    people: list[tuple[Any, Any, Any]],
) -> None:
    before, after = engines
    empty(before)
    empty(after)
    for name in LISTS:
        Lists(before).create(name, NOW)
    entries = [
        Entry(Address.parse(f"p{number}@quay.example"), values, statuses, suppressed)
        for number, (values, statuses, suppressed) in enumerate(people)
    ]
    with before.begin() as connection:
        enrol(connection, entries, Consent(Lists(before).ids(LISTS), "a form", NOW))
    path = tmp_path_factory.getbasetemp() / "everyone.csv"
    path.write_bytes(b"".join(export_people(before)))
    assert import_people(after, Import(path, create_lists=True), NOW).rejects == []
    assert everyone(after) == everyone(before)


@given(st.text(st.sampled_from("'=+-@5x\t"), max_size=6))
def test_a_cell_is_guarded_so_that_what_was_meant_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "@", "\t"))


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,9}", fullmatch=True), st.sampled_from(list(Status))
    )
)
def test_lists_in_a_cell_are_read_back(on: dict[str, Status]) -> None:
    assert read_lists(write_lists(on)) == on


def test_into_lists_that_are_named_and_into_none_that_the_file_lacks(
    engines: tuple[Engine, Engine], tmp_path: Path
) -> None:
    _, engine = engines
    empty(engine)
    path = tmp_path / "people.csv"
    path.write_text(
        "email;lists;suppressed\n"
        "ada@quay.example;daily (unsubscribed), weekly;\n"
        "bram@quay.example;daily;bounced\n"
        "cee@quay.example;News (gone);\n"
        "dan@quay.example;daily;perhaps\n"
    )
    request = Import(path, ("daily",), create_lists=True)
    report = import_people(engine, request, NOW)
    assert (report.lists, report.unsubscribed, report.suppressed) == (("daily",), 1, 1)
    assert [(each.line, each.reason.partition(":")[0]) for each in report.rejects] == [
        (4, "lists"),
        (5, "suppressed"),
    ]
    assert [(each.lists, each.suppressed) for each in Directory(engine).subscribers()] == [
        ({"daily": Status.UNSUBSCRIBED}, None),
        ({"daily": Status.SUBSCRIBED}, "bounced"),
    ]
    with pytest.raises(Exception, match="it has nobody on books"):
        import_people(engine, Import(path, ("books",), create_lists=True), NOW)
