"""The examples of the segments' reference hold for the people that it tells of, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from members import join
from sqlalchemy import insert, select

from mailer.domain.segment.named import Segment
from mailer.domain.segment.values import Today
from mailer.domain.segment.vocabulary import COMPARISONS, EVENTS, QUALITIES, UNITS, in_words
from mailer.people.lists import Lists
from mailer.people.segments.grammar import SegmentError
from mailer.people.segments.stored import Segments, asked_for, known_to, statement
from mailer.store.database import Database, open_database
from mailer.store.schema import outcomes, sends, subscribers

PAGE = (Path(__file__).parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
TODAY = Today(date(2026, 11, 29), ZoneInfo("UTC"))
EXAMPLES = re.findall(r"^\| `([^`]+)` \| ((?:(?:Ada|Bram|Cleo|Dag)(?:, )?)+) \|$", PAGE, re.MULTILINE)
FIELDS = ("city", "paid", "donated", "born", "boats")
SENT = {"harbour": ["ada"], "quay": ["ada", "bram"]}


def people() -> Iterator[tuple[str, dict[str, str], list[str], str]]:
    """Yield whom the page tells of: name, fields as typed, lists, the day on which they joined."""
    for name, *cells, tags, lists, told in re.findall(
        r"^\| (Ada|Bram|Cleo|Dag) \|" + r" ([^|]*?) ?\|" * 8 + "$", PAGE, re.MULTILINE
    ):
        typed = dict(zip(FIELDS, cells, strict=True)) | {"tags": tags.replace(";", ",")}
        joined = re.search(r"joined on (\S+\d)", told)
        assert joined
        known = {field: text for field, text in typed.items() if text}
        yield name, known, [each for each in lists.split(", ") if each], joined[1]


@pytest.fixture(scope="module")
def database(kept_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(kept_database_url, tmp_path_factory.mktemp("segments"))
    for name in ("weekly", "monthly", "none"):
        Lists(database).create(name, datetime(2020, 1, 1, tzinfo=UTC))
    ids = {}
    for name, typed, lists, joined in people():
        now = datetime.fromisoformat(joined).replace(tzinfo=UTC)
        email = f"{name.lower()}@quay.example"
        ids[name.lower()] = join(
            database, email, *(lists or ["none"]), fields={"name": name} | typed, now=now
        )
    with database.begin() as connection:
        for number, (slug, takers) in enumerate(SENT.items(), 1):
            at = datetime(2026, 11, number, tzinfo=UTC)
            row = {"id": number, "slug": slug, "audience": "{}", "subject": slug, "revision": "r"}
            connection.execute(insert(sends), row | {"created_at": at, "proved_at": at})
            for who in (*takers, *(["cleo"] if slug == "quay" else [])):
                row = {"send_id": number, "subscriber_id": ids[who], "number": 1, "at": at, "tried": True}
                state = "failed" if who == "cleo" else "accepted"
                connection.execute(insert(outcomes), row | {"state": state})
    oslo = Segment("oslo", 'city = "Oslo"', "", TODAY.begins(TODAY.day), TODAY.begins(TODAY.day))
    Segments(database).create(oslo, TODAY)
    yield database
    database.dispose()


def found(database: Database, definition: str) -> str:
    with database.connect() as connection:
        known = known_to(connection, TODAY)
        where = statement(connection, known).where(asked_for(definition, known))
        return ", ".join(connection.scalars(select(subscribers.c.name).where(where).order_by("name")))


@pytest.mark.parametrize(("definition", "names"), EXAMPLES)
def test_an_example_is_about_those_whom_it_names(database: Database, definition: str, names: str) -> None:
    assert found(database, definition) == names


def test_there_are_examples_of_every_word() -> None:
    said = " ".join(definition for definition, _ in EXAMPLES)
    words = {in_words(op, kind) for kind, ops in COMPARISONS.items() for op in ops} - {"<=", ">"}
    words |= {f"is {quality}" for qualities in QUALITIES.values() for quality in qualities}
    assert [word for word in sorted({*words, *EVENTS}) if word not in said] == []


def test_every_event_and_unit_is_described() -> None:
    assert {*EVENTS} == {*re.findall(r"^\| `(\w+)` \| [A-Z]", PAGE, re.MULTILINE)}
    assert all(f"`{short}`" in PAGE and f"`{long}`" in PAGE for short, long in UNITS.items())


def test_the_error_is_the_one_that_is_shown(database: Database) -> None:
    with pytest.raises(SegmentError) as raised:
        found(database, 'tag:press and citty = "Oslo"')
    shown = f"Error: {raised.value.problem}\n  next: {raised.value.next_step}\n"
    assert f"```text\n{shown}```" in PAGE


def test_a_share_is_always_the_same_and_grows(database: Database) -> None:
    whole = {"Ada", "Bram", "Cleo", "Dag"}
    for seed in ("a", "b", "c"):
        shares = [found(database, f'random {percent}% seed "{seed}"').split(", ") for percent in (20, 50, 90)]
        rest = found(database, f'not random 50% seed "{seed}"')
        assert {*filter(None, shares[0])} <= {*filter(None, shares[1])} <= {*filter(None, shares[2])} <= whole
        assert {*filter(None, [*shares[1], *rest.split(", ")])} == whole
