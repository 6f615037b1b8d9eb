"""mailer subscribers clean, as typed."""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import subprocess
from pathlib import Path
from stat import S_IMODE

import pytest
from harbour_workspace import Workspace

PEOPLE = """\
email,town
ada@quay.example,Port Example
rosa@gmial.com,=North Mole
omar@gmial.com,
omar@gmail.com,
o.mar@gmail.com,
info@icehouse.example,
x@fog.example,
"""

pytestmark = pytest.mark.peers  # each command is a process


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Seven people, and a list of disposable domains of the workspace's own."""
    workspace = Workspace(tmp_path)
    workspace.run("lists", "create", "weekly")
    (tmp_path / "subscribers" / "disposable-domains.txt").write_text("# 2027-01-31\nfog.example\n")
    (tmp_path / "people.csv").write_text(PEOPLE)
    workspace.run("subscribers", "import", "people.csv", "--list", "weekly")
    return workspace


def everybody(workspace: Workspace) -> str:
    return workspace.run("subscribers", "export").stdout


def test_it_names_what_is_worth_a_look_and_what_can_be_done(workspace: Workspace) -> None:
    before = everybody(workspace)
    done = workspace.run("subscribers", "clean")
    assert done.stdout == (
        "Looked at 7 people, who may come to be mailed.\n"
        "Disposable domains are those of disposable-domains.txt, as of 2027-01-31.\n"
        "kind        people  which                                 for example\n"
        "mistyped         1  gmial.com → gmail.com                 rosa@gmial.com\n"
        "mistyped         1  gmial.com → gmail.com; there already  omar@gmial.com\n"
        "disposable       1  fog.example                           x@fog.example\n"
        "role             1  info@                                 info@icehouse.example\n"
        "twin             1  one mailbox at gmail.com              o.mar@gmail.com = omar@gmail.com\n"
    )
    assert done.stderr == (
        "To correct what is mistyped: mailer subscribers clean --correct\n"
        "Never to mail them again: mailer subscribers clean --suppress disposable\n"
    )
    assert everybody(workspace) == before
    found = workspace.data("subscribers", "clean", "--except", "gmial.com")["doubtful"]
    assert [(each["kind"], each["email"], each["meant"]) for each in found] == [
        ("role", "info@icehouse.example", None),
        ("disposable", "x@fog.example", None),
        ("twin", "o.mar@gmail.com", "omar@gmail.com"),
    ]


def test_it_does_what_it_is_told_and_leaves_a_file_of_what_was_there(workspace: Workspace) -> None:
    options = ("--correct", "--suppress", "disposable", "--suppress", "role")
    before = everybody(workspace)
    refused = workspace.run("subscribers", "clean", *options, expect=3)
    assert "this would correct 1 address and never mail 2 people again" in refused.stderr
    dry = workspace.run("subscribers", "clean", *options, "--dry-run")
    assert "Would correct 1 address and never mail 2 people again. Nothing was changed." in dry.stderr
    assert everybody(workspace) == before
    done = workspace.run("subscribers", "clean", *options, "--yes")
    assert done.stderr.endswith("Corrected 1, suppressed 2.\n")
    (kept,) = workspace.root.glob("subscribers/before-clean-*.csv")
    assert S_IMODE(kept.stat().st_mode) == 0o600
    with kept.open(encoding="utf-8") as lines:
        rows = [(row["email"], row["town"], row["lists"]) for row in csv.DictReader(lines)]
    assert rows == [
        ("rosa@gmial.com", "'=North Mole", "weekly"),
        ("info@icehouse.example", "", "weekly"),
        ("x@fog.example", "", "weekly"),
    ]
    people = [json.loads(line) for line in workspace.run("subscribers", "list", "--json").stdout.splitlines()]
    assert {each["email"]: each["suppressed"] for each in people if each["suppressed"]} == {
        "info@icehouse.example": "blocked",
        "x@fog.example": "blocked",
    }
    assert [each["email"] for each in people if each["fields"].get("town") == "=North Mole"] == [
        "rosa@gmail.com"
    ]
    assert "clean: fog.example" in workspace.run("why", "x@fog.example").stdout
    again = workspace.run("subscribers", "clean", *options, "--yes")
    assert again.stderr.endswith("Nobody is to be changed.\n")


@pytest.mark.parametrize(("answer", "corrected"), [("y", True), ("n", False)])
def test_on_a_terminal_it_asks_with_the_numbers(workspace: Workspace, answer: str, corrected: bool) -> None:
    ours, theirs = pty.openpty()
    command = workspace.command("subscribers", "clean", "--correct")
    environment = workspace.environment() | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        screen = ""
        while "[y/N]" not in screen and select.select([ours], [], [], 120)[0]:
            screen += os.read(ours, 65536).decode()
        os.write(ours, f"{answer}\n".encode())
        assert process.wait(120) == 0, screen
    os.close(ours)
    assert "Correct 1 address? [y/N]" in screen
    assert ("rosa@gmail.com" in everybody(workspace)) == corrected
    assert len(list(workspace.root.glob("subscribers/before-clean-*.csv"))) == corrected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--list", "wekly"), "there is no list wekly; did you mean weekly?"),
        (("--suppress", "twin"), "'twin' is not one of 'mistyped', 'disposable'"),
        (("--dns", "names.example"), "is no address of a name server"),
    ],
)
def test_what_it_cannot_do_is_refused(workspace: Workspace, words: tuple[str, ...], says: str) -> None:
    assert says in workspace.run("subscribers", "clean", *words, expect=2).stderr
