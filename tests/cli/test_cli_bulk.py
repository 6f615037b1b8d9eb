"""What commands share that change many people: a question with the numbers, and a file of how all were."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE

import click
import pytest

from mailer.bootstrap import App
from mailer.cli.bulk import agreed, bulk_options
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.field import FieldType
from mailer.errors import ExitCode, PlanRefused, UsageError
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.field_types import declare_types
from mailer.people.lists import Lists
from mailer.people.tagging import write_tags
from mailer.services.export import keep_before
from mailer.services.import_people import Import, import_people

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
Tag = Callable[..., tuple[bool, str]]


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    """A workspace with three people on the list weekly, each with a town."""
    app = App(tmp_path, {"DATABASE_URL": database_url})
    Lists(app.database).create("weekly", NOW)
    people = [Entry(Address.parse(f"p{number}@quay.example"), {"town": "=Port"}) for number in range(3)]
    with app.database.begin() as connection:
        declare_types(connection, {"town": FieldType.TEXT})
        enrol(connection, people, Consent(app.lists.ids(["weekly"]), Source(SourceKind.FORM), NOW))
    yield app
    app.let_go()


@pytest.fixture
def tag(app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tag:
    """Run a command that would tag the people with these ids; return whether it may, and what it said."""
    may = []

    @click.command
    @bulk_options
    def command(dry_run: bool, yes: bool) -> None:
        may.append(agreed(app, "tag", ids, f"tag {len(ids)} people as press", dry_run=dry_run, yes=yes))

    ids: list[int] = []

    def run(people: list[int], *words: str) -> tuple[bool, str]:
        ids[:] = people
        monkeypatch.setattr(sys, "argv", ["mailer", "subscribers", "tag", "a press", *words])
        command.main(words, standalone_mode=False)
        return may[-1], capsys.readouterr().err

    return run


def test_whoever_agreed_finds_the_people_as_they_were_in_a_file_of_their_own(
    app: App, tag: Tag, tmp_path: Path
) -> None:
    first, _, third = [each.id for each in app.directory.subscribers()]
    may, said = tag([first, third], "--yes")
    path = Path(said.removeprefix("As they were: ").strip())
    assert may
    assert path.match("subscribers/before-tag-*.csv")
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir() if file.suffix != ".db"] == [path.name]
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["email"], row["town"], row["lists"]) for row in rows] == [
        ("p0@quay.example", "'=Port", "weekly"),
        ("p2@quay.example", "'=Port", "weekly"),
    ]


def test_an_import_of_that_file_puts_back_tags_and_takes_away_those_that_are_new(app: App, tag: Tag) -> None:
    people = {each.email: each.id for each in app.directory.subscribers()}
    with app.database.begin() as connection:
        write_tags(connection, {people["p1@quay.example"]: ["board"]}, NOW)
    before = list(app.directory.subscribers())
    _, said = tag(list(people.values()), "--yes")
    with app.database.begin() as connection:
        write_tags(connection, {number: ["press"] for number in people.values()}, NOW)
    assert list(app.directory.subscribers()) != before
    kept = Path(said.removeprefix("As they were: ").strip())
    assert import_people(app.database, Import(kept), NOW).rejects == []
    assert list(app.directory.subscribers()) == before


def test_a_dry_run_says_the_numbers_and_leaves_nothing(tag: Tag, tmp_path: Path) -> None:
    assert tag([1, 2], "--dry-run") == (False, "Would tag 2 people as press. Nothing was changed.\n")
    assert tag([], "--yes") == (False, "Nobody is to be changed.\n")
    assert not list(tmp_path.rglob("before-*"))


def test_without_a_terminal_nothing_is_done_and_the_command_is_said(tag: Tag, tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match="this would tag 1 people as press") as refused:
        tag([1])
    assert refused.value.exit_code == ExitCode.REFUSED
    assert refused.value.next_step == "mailer subscribers tag 'a press' --yes"
    assert not list(tmp_path.rglob("before-*"))


def test_an_older_file_stays_and_one_that_cannot_be_written_stops_the_change(
    app: App, tmp_path: Path
) -> None:
    folder = tmp_path / "subscribers"
    paths = [keep_before(app.database, folder, "tag", [1], NOW) for _ in range(2)]
    assert [path.name for path in paths] == [
        "before-tag-20261129T080000.csv",
        "before-tag-20261129T080000-2.csv",
    ]
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"can't be written: .*; nothing was changed"):
        keep_before(app.database, tmp_path / "file", "tag", [1], NOW)
