"""`mailer sequences`, as it is typed: what it prints, as words and as data, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harbour_workspace import Workspace

from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

pytestmark = pytest.mark.peers

RULES = 'list = "weekly"\nstart = "command"\n'
HELLO = (
    "---\ntitle: Hello\ndescription: What comes on Saturdays, and what you need to read it\n---\nGood day.\n"
)
TIDE = HELLO.replace("title: Hello", 'title: Tide\nafter: 3d\nat: "09:00"\nonly: tag:boat')


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    folder = tmp_path / "sequences" / "first"
    folder.mkdir(parents=True)
    for name, text in (("sequence.toml", RULES), ("1-hello.md", HELLO), ("2-tide.md", TIDE)):
        (folder / name).write_text(text, encoding="utf-8")
    settings = {"DATABASE_URL": "sqlite:///mailer.db", "POSTAL_ADDRESS": "1 Quay Street, Port Example"}
    made = Workspace(tmp_path, settings)
    made.run("lists", "create", "weekly")
    made.run("subscribers", "add", "ada@quay.example", "--list", "weekly")
    return made


def test_from_the_first_look_to_the_end(space: Workspace) -> None:
    assert (
        "first     not in force  weekly  command        2       0         0"
        in space.run("sequences", "list").stdout
    )
    shown = space.run(
        "sequences", "preview", "first", "--from", "2026-03-27 10:00", "--zone", "Asia/Kathmandu"
    )
    assert "  3  Mon 2026-03-30 09:00  tide   Tide     tag:boat" in shown.stdout
    data = space.data("sequences", "preview", "first", "--from", "2026-03-27 10:00")
    assert [each["at"] for each in data] == ["2026-03-27T10:00:00+00:00", "2026-03-30T09:00:00+00:00"]
    assert "is not in force" in space.run("sequences", "start", "first", "ada@quay.example", expect=2).stderr
    space.run("sequences", "activate", "first")
    space.run("sequences", "start", "first", "ada@quay.example")
    assert (
        "is in first already" in space.run("sequences", "start", "first", "ada@quay.example", expect=2).stderr
    )
    told = space.run("sequences", "activate", "first", expect=2).stderr
    assert "there is no terminal to ask on" in told
    with rehearsal(ScriptedServer()) as server:
        space.settings["SMTP_PORT"] = str(server.port)
        space.run("tick")
        assert len(server.taken) == 1
    status = space.data("sequences", "status", "first")
    assert (status["states"], status["steps"]) == ({"active": 1}, {"hello": {"got": 1, "passed_by": 0}})
    assert status["people"][0]["email"] == "ada@quay.example"
    (story,) = space.data("sequences", "status", "first", "--person", "ada@quay.example")
    assert [(each["step"], each["state"]) for each in story["steps"]] == [("hello", "accepted")]
    assert (
        "  hello: accepted"
        in space.run("sequences", "status", "first", "--person", "ada@quay.example").stdout
    )
    assert "sequence:first:hello: accepted" in space.run("why", "ada@quay.example").stdout
    assert space.run("sequences", "stop", "first", "--all").stdout == "1 person gets nothing more of first.\n"
    assert space.data("sequences", "status", "first", "--state", "active")["people"] == []
    space.run("sequences", "pause", "first")
    assert "is paused already" in space.run("sequences", "pause", "first", expect=3).stderr
    assert space.data("sequences", "list")[0]["state"] == "paused"
    waits = space.run("sequences", "start", "first", "ada@quay.example", "--again").stderr
    assert waits == "  next: it is paused; to let it go on: mailer sequences activate first\n"


def test_who_is_where_has_room_on_any_terminal(space: Workspace) -> None:
    long = "bartholomew.featherstonehaugh@quay.example"
    space.run("subscribers", "add", long, "--list", "weekly")
    space.run("sequences", "activate", "first")
    space.run("sequences", "start", "first", "ada@quay.example", long)
    space.run("sequences", "stop", "first", long)
    for columns, shown in (
        (40, "person,state,look (UTC)"),
        (60, "person,state,look (UTC)"),
        (80, "person,state,look (UTC)"),
        (95, "person,state,why,look (UTC)"),
        (120, "person,state,began (UTC),why,look (UTC)"),
    ):
        space.settings["COLUMNS"] = str(columns)
        _, _, *table = space.run("sequences", "status", "first").stdout.splitlines()
        heading, *rows = [line for line in table if line]
        assert max(map(len, (heading, *rows))) <= columns
        assert ",".join(re.split("  +", heading)) == shown
        assert rows[0].startswith("ada@qua")


LONG = "Where there is room for a boat, what it costs, and whom to ask for it at the ice house"


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_sequences_and_their_steps_have_room_on_any_terminal(space: Workspace, columns: int) -> None:
    (space.root / "sequences" / "first" / "3-berths.md").write_text(
        HELLO.replace("title: Hello", f"title: {LONG}\nafter: 1w\nonly: tag:boat"), encoding="utf-8"
    )
    assert LONG in space.run("sequences", "preview", "first").stdout, "a file has room for everything"
    space.settings["COLUMNS"] = str(columns)
    listed = space.run("sequences", "list").stdout
    steps = space.run("sequences", "preview", "first").stdout
    assert max(map(len, [*listed.splitlines(), *steps.splitlines()])) <= columns
    for name in ("sequence", "state", "list", "begins by", "steps", "active", "finished"):
        assert name in listed
    for name in ("day", "when it is there", "step", "subject", "only", "berths", "tag:boat"):
        assert name in steps
    assert ("…" in steps) is (columns > 40)
    if columns == 40:
        assert LONG in re.sub(r"\s+", " ", steps)
        assert "  step              hello\n  subject           Hello\n" in steps


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["preview", "frist"], 2, "there is no sequence frist; did you mean first?"),
        (["preview", "first", "--zone", "Mars/Quay"], 2, "--zone 'Mars/Quay' is no time zone"),
        (["preview", "first", "--from", "soon"], 2, "--from 'soon' is not a time"),
        (["start", "first"], 2, "say whom: EMAIL"),
        (["stop", "first"], 2, "say whom: EMAIL"),
        (["start", "first", "quay"], 2, "'quay' is not a mail address"),
        (["status", "first"], 2, "is not in force"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    space: Workspace, command: list[str], code: int, words: str
) -> None:
    assert words in space.run("sequences", *command, expect=code).stderr


def test_a_mistake_is_found_by_check_and_shown_by_list(space: Workspace) -> None:
    file = space.root / "sequences" / "first" / "2-tide.md"
    file.write_text(TIDE.replace("Good day.", "Good day, *|FNAME|*."), encoding="utf-8")
    assert "merge-tag" in space.run("sequences", "check", "first", expect=3).stdout
    assert "merge-tag" in space.run("sequences", "activate", "first", expect=3).stderr
    file.write_text(TIDE.replace("after: 3d", "after: soon"), encoding="utf-8")
    assert "2-tide.md:3: after: 'soon'" in space.run("sequences", "check", "first", expect=2).stderr
    assert "2-tide.md:3: after: 'soon'" in space.run("sequences", "list").stderr
    file.write_text(TIDE.replace("title", "draft: true\ntitle"), encoding="utf-8")
    assert "2-tide.md is a draft, and no step yet" in space.run("sequences", "activate", "first").stderr
