"""`mailer segments`, as a person types it."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from harbour_workspace import Workspace


@pytest.fixture
def workspace(database_url: str, tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path, {"DATABASE_URL": database_url})
    for name in ("weekly", "monthly"):
        workspace.run("lists", "create", name)
    for email, fields in {
        "ada@quay.example": ["city=Oslo", "paid=yes", "tags=press"],
        "bram@quay.example": ["city=oslo", "donated=40"],
        "cleo@quay.example": ["city=Bergen"],
    }.items():
        given = [part for field in fields for part in ("--field", field)]
        workspace.run("subscribers", "add", email, "--list", "weekly", *given)
    workspace.run("subscribers", "add", "cleo@quay.example", "--list", "monthly")
    workspace.run("subscribers", "unsubscribe", "bram@quay.example", "--list", "weekly")
    return workspace


@pytest.mark.peers
def test_a_segment_is_made_counted_explained_changed_and_deleted(workspace: Workspace) -> None:
    made = workspace.run("segments", "create", "oslo", 'city = "Oslo"', "--description", "The capital")
    assert made.stderr == "Made the segment oslo: 2 people now.\n"
    workspace.run("segments", "create", "press", "segment:oslo and\n  tag:press")
    assert workspace.run("segments", "list").stdout.splitlines() == [
        "name   definition",
        'oslo   city = "Oslo"',
        "press  segment:oslo and tag:press",
    ]
    assert "  The capital\n" in workspace.run("segments", "show", "oslo").stdout
    assert workspace.run("segments", "count", "oslo").stdout.splitlines() == [
        "2 people; an issue to all lists would be mailed to 1 of them",
        "list    people  would be mailed",
        "weekly       2                1",
    ]
    assert workspace.data("segments", "count", "not segment:oslo", "--json") == {
        "people": 1,
        "mailed": 1,
        "lists": [
            {"name": "monthly", "people": 1, "mailed": 1},
            {"name": "weekly", "people": 1, "mailed": 1},
        ],
    }
    explained = workspace.run("segments", "explain", "press").stdout
    assert explained.splitlines()[:4] == [
        "people  condition",
        "     1  all of these:",
        '     2    city is "Oslo"',
        "     1    has the tag press",
    ]
    assert "SELECT subscribers.id, subscribers.email" in explained
    assert "1 person" in workspace.run("segments", "set", "oslo", "city = Bergen").stderr
    assert "part of press" in workspace.run("segments", "delete", "oslo", expect=2).stderr
    (workspace.root / "tides.md").write_text("# Tides\n\nHigh water at noon.\n")
    at = ("--at", "2099-01-01 08:00")
    workspace.run("schedule", "add", "tides.md", "--list", "weekly", "--segment", "segment:press", *at)
    assert "schedule 1 sends" in workspace.run("segments", "delete", "press", expect=2).stderr
    workspace.run("schedule", "remove", "1")
    workspace.run("segments", "delete", "press")
    gone = workspace.run("segments", "delete", "oslo").stderr
    assert gone == "Deleted the segment oslo. It was: city = Bergen\n"
    assert "no segment yet" in workspace.run("segments", "list").stderr


@pytest.mark.peers
def test_what_is_wrong_is_pointed_at_and_nothing_is_kept(workspace: Workspace) -> None:
    wrong = workspace.run("segments", "create", "rich", "tag:press and donated > much", expect=2).stderr
    assert wrong == (
        "Error: segment rich, column 25: donated is a number: 'much' is not a number; "
        "write it like 1250 or 12.5\n"
        "  tag:press and donated > much\n"
        "                          ^^^^\n"
        "  next: donated has values such as: 40\n"
    )
    for name in ("and", "bounced", "two words", "a" * 64):
        assert "can't name a segment" in workspace.run("segments", "create", name, "bounced", expect=2).stderr
    assert "did you mean" not in workspace.run("segments", "count", "rich", expect=2).stderr
    workspace.run("segments", "create", "oslo", "city = Oslo")
    assert "there is a segment oslo already" in workspace.run(
        "segments", "create", "oslo", "city = Oslo", expect=2
    ).stderr  # fmt: skip
    circle = workspace.run("segments", "set", "oslo", "tag:press or segment:oslo", expect=2).stderr
    assert "column 14: a segment can't be part of itself: oslo -> oslo" in circle
    assert "say what is to change" in workspace.run("segments", "set", "oslo", expect=2).stderr
    assert "did you mean oslo?" in workspace.run("segments", "show", "osl", expect=2).stderr
    assert workspace.data("segments", "show", "oslo", "--json")["definition"] == "city = Oslo"


@pytest.mark.peers
def test_what_is_typed_is_counted_line_by_line(workspace: Workspace) -> None:
    typed = 'city = "Oslo"\n\ncity Oslo\nnot city = "Oslo" # the others\n'
    done = subprocess.run(
        workspace.command("segments", "count", "--watch"),
        env=workspace.environment(),
        cwd=workspace.root,
        input=typed,
        capture_output=True,
        text=True,
        check=True,
    )
    first, *wrong, last = done.stdout.splitlines()
    assert (first, last) == ("2 people", "1 person")
    assert wrong[0].startswith("Error: column 6: 'Oslo' can't stand here")
    assert wrong[1:] == ["  city Oslo", "       ^^^^"]


@pytest.mark.peers
def test_in_a_terminal_the_number_stands_above_what_is_being_typed(workspace: Workspace) -> None:
    workspace.run("segments", "create", "oslo", "city = Oslo # the capital")
    person, terminal = pty.openpty()
    command = workspace.command("segments", "count", "--watch", "oslo")
    environment = workspace.environment() | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = subprocess.Popen(
        command, env=environment, cwd=workspace.root, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""

    def read_until(words: bytes) -> None:
        nonlocal shown
        while words not in shown:
            shown += os.read(person, 4096)
        shown = shown.partition(words)[2]

    read_until(b"2 people")
    # Of what is drawn anew only the letters that change are written; what Enter keeps is written whole.
    os.write(person, b" or ctiy = Bergen\r")
    read_until(b"Did you mean city?\r\n")
    read_until(b"segment>")
    os.write(person, b"city = Bergen\r")
    read_until(b"1 person\r\n")
    read_until(b"segment>")
    os.write(person, b"\x04")
    assert process.wait() == 0
    os.close(person)


@pytest.mark.peers
def test_what_nobody_has_is_warned_of(workspace: Workspace) -> None:
    said = workspace.run(
        "segments", "count", 'city in (Osloo, Bergen) or tag:pres or received "harbour"'
    ).stderr
    assert said == (
        'Warning: nobody has city "Osloo"; did you mean "Oslo"? there is "Bergen", "Oslo", "oslo"\n'
        'Warning: nobody has the tag "pres"; did you mean "press"? there is "press"\n'
        "Warning: no issue harbour was sent yet\n"
    )
