"""What `subscribers export` writes, `subscribers import` reads back: states, lists, types, characters."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, update

from mailer.domain.address import BLANKS, Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.field import FieldType
from mailer.domain.moment import utc_text
from mailer.domain.spreadsheet import STATES, SUPPRESSIONS, guard, read_lists, unguard, write_lists
from mailer.domain.subscriber import OWN_FIELDS, Status, Subscriber
from mailer.errors import UsageError
from mailer.people.directory import Directory
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.exporting import SHEET_ROWS, refuse_too_many
from mailer.people.field_types import declare_types
from mailer.people.lists import Lists
from mailer.services.export import Export, FileKind, export_people
from mailer.services.import_people import Import, import_people
from mailer.store.database import open_database
from mailer.store.schema import consents, lists, subscribers, suppressions

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FORM = Source(SourceKind.FORM, "a form")
LISTS = ("daily", "monthly", "weekly")
TYPES = {
    "note": FieldType.TEXT,
    "paid": FieldType.BOOLEAN,
    "visits": FieldType.NUMBER,
    "since": FieldType.DATE,
    "colours": FieldType.LIST,
    # Ordinary fields by now, whatever they are called and hold.
    "status": FieldType.TEXT,
    "first_name": FieldType.TEXT,
    "created_at": FieldType.TEXT,
    "ip": FieldType.TEXT,
    "opted_in": FieldType.BOOLEAN,
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


# Of what has no control character in it, as `CONTROLS` has it, and what XML can hold (XML 1.0, 2.2); a text
# of nothing but blanks is no cell.
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufffe\uffff")
TEXTS = st.text(CHARACTERS, max_size=12).map(lambda text: text.strip(BLANKS) or "x")
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
        "first_name": CELLS,
        "created_at": st.sampled_from(["2026-11-29", "2026-11-29T08:00:00Z", "autumn"]),
        "ip": st.sampled_from(["192.0.2.7", "none"]),
        "opted_in": st.booleans(),
        "paid": st.booleans(),
        "visits": st.one_of(
            st.integers(-(10**20), 10**20), st.decimals(-(10**9), 10**9, places=4).map(float)
        ),
        "since": st.dates().map(str),
        "colours": st.lists(CELLS, min_size=1, max_size=3),
    },
)
STATUSES = st.tuples(*[st.one_of(st.none(), st.sampled_from(list(Status)))] * len(LISTS))
PAUSES = st.tuples(
    *[st.one_of(st.none(), st.sampled_from([NOW, NOW + timedelta(days=30, milliseconds=7)]))] * 3
)
REASONS = st.sampled_from([None, *sorted(SUPPRESSIONS)])
PEOPLE = st.lists(st.tuples(VALUES, STATUSES, REASONS, PAUSES), max_size=6)


def everyone(engine: Engine) -> list[Subscriber]:
    return [replace(each, id=0) for each in Directory(engine).subscribers()]


def exported(engine: Engine, form: FileKind = FileKind.CSV) -> bytes:
    out = io.BytesIO()
    export_people(engine, Export(form), out, lambda total: nullcontext(lambda done: None))
    return out.getvalue()


# Another process reads workbooks.
FORMS = [FileKind.CSV, FileKind.JSON_LINES, pytest.param(FileKind.WORKBOOK, marks=pytest.mark.peers)]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=12)
@given(people=PEOPLE)
def test_what_is_exported_is_read_back_the_same(
    engines: tuple[Engine, Engine],
    tmp_path_factory: pytest.TempPathFactory,
    form: FileKind,
    people: list[tuple[Any, Any, Any, Any]],
) -> None:
    before, after = engines
    empty(before)
    empty(after)
    for name in LISTS:
        Lists(before).create(name, NOW)
    entries = [
        Entry(Address.parse(f"p{number}@quay.example"), values, statuses, suppressed, pauses=pauses)
        for number, (values, statuses, suppressed, pauses) in enumerate(people)
    ]
    with before.begin() as connection:
        enrol(connection, entries, Consent(Lists(before).ids(LISTS), FORM, NOW))
    path = tmp_path_factory.getbasetemp() / f"everyone.{form}"
    path.write_bytes(exported(before, form))
    if form is FileKind.JSON_LINES and not people:
        return  # without a line there is nothing that says what it is
    assert import_people(after, Import(path, create_lists=True), NOW).rejects == []
    assert everyone(after) == everyone(before)


@given(st.text(st.sampled_from("'=+-@5x\t"), max_size=6))
def test_a_cell_is_guarded_so_that_what_was_meant_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "@", "\t"))


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,9}", fullmatch=True), st.sampled_from(list(Status))
    ),
    st.datetimes(timezones=st.just(UTC)).map(
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
    ),
)
def test_lists_in_a_cell_are_read_back(on: dict[str, Status], until: datetime) -> None:
    paused = {name: until for name, status in on.items() if status is Status.SUBSCRIBED}
    assert read_lists(write_lists(on, paused)) == (on, paused)


@pytest.mark.parametrize(
    "cell", ["daily (gone)", "daily (paused until 2026-02-30T08:00:00.000Z)", "daily;weekly"]
)
def test_what_is_no_such_cell_is_none(cell: str) -> None:
    assert read_lists(cell) is None


def two_people(engine: Engine) -> None:
    empty(engine)
    Lists(engine).create("weekly", NOW)
    values = {
        "name": "=1+1",
        "tags": ["press", "a;b"],
        "paid": False,
        "visits": 10**15,
        "since": "2026-11-29",
    }
    entries = [
        Entry(Address.parse("ada@quay.example"), values, (Status.UNSUBSCRIBED,)),
        Entry(Address.parse("bram@quay.example"), {"visits": 2.5}, (None,), "bounced"),
    ]
    with engine.begin() as connection:
        enrol(connection, entries, Consent(Lists(engine).ids(["weekly"]), FORM, NOW))


def test_json_lines_have_every_key_and_values_in_their_types(engines: tuple[Engine, Engine]) -> None:
    two_people(engines[1])
    nothing = dict.fromkeys((*OWN_FIELDS, *TYPES, *STATES))
    assert [json.loads(line) for line in exported(engines[1], FileKind.JSON_LINES).splitlines()] == [
        nothing
        | {
            "email": "ada@quay.example",
            "name": "=1+1",
            "tags": ["press", "a;b"],
            "paid": False,
            "since": "2026-11-29",
            "visits": 10**15,
            "lists": "weekly (unsubscribed)",
        },
        nothing | {"email": "bram@quay.example", "visits": 2.5, "suppressed": "bounced"},
    ]


def test_a_workbook_has_texts_and_numbers_and_no_formula(engines: tuple[Engine, Engine]) -> None:
    two_people(engines[1])
    with zipfile.ZipFile(io.BytesIO(exported(engines[1], FileKind.WORKBOOK))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<t>=1+1</t>" in sheet
    assert "<f>" not in sheet
    assert f"<t>{10**15}</t>" in sheet  # more figures than a spreadsheet keeps of a number
    assert "<v>2.5</v>" in sheet
    assert sheet.count(' t="b"><v>0</v>') == 1


def test_what_a_workbook_has_no_room_for_is_refused(engines: tuple[Engine, Engine]) -> None:
    two_people(engines[1])
    with engines[1].begin() as connection:
        connection.execute(update(subscribers).values(name="x" * 40_000))
    with pytest.raises(UsageError, match=r"name of ada@quay\.example has 40,000 characters"):
        exported(engines[1], FileKind.WORKBOOK)
    refuse_too_many(SHEET_ROWS - 1)
    with pytest.raises(UsageError, match="room for 1,048,575 people"):
        refuse_too_many(SHEET_ROWS)


def test_a_pause_is_read_back_and_never_cut_short(engines: tuple[Engine, Engine], tmp_path: Path) -> None:
    _, engine = engines
    empty(engine)
    path = tmp_path / "people.csv"

    def imported(until: str) -> tuple[int, str]:
        path.write_text(f"email,lists,suppressed\nada@quay.example,weekly (paused until {until}),\n")
        report = import_people(engine, Import(path, create_lists=True), NOW)
        (person,) = everyone(engine)
        return report.unchanged, utc_text(person.paused["weekly"])

    later, sooner = "2026-12-24T08:00:00.000Z", "2026-12-01T08:00:00.000Z"
    assert imported(later) == (0, later)
    assert imported(later) == (1, later)
    assert imported(sooner) == (1, later)
    with engine.connect() as connection:
        said = connection.execute(select(consents.c.change, consents.c.note).order_by(consents.c.id)).all()
    assert said[-2:] == [("subscribed", None), ("paused", f"until {later}")]


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
