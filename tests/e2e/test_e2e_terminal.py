"""On a terminal, `send-issue` asks before it sends, with the numbers, and draws its progress."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time

import pytest


def on_a_terminal(workspace, answer: str, *command: str, question: str = "[y/N]") -> tuple[int, str]:
    """Run `send-issue` or a `command` on a terminal, answer its question; return exit code and screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        workspace.command(*(command or ("send-issue", "harbour"))),
        env=workspace.environment() | {"TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    screen, deadline = "", time.monotonic() + 120
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                screen += os.read(ours, 65536).decode("utf-8", "replace")
            except OSError:  # the terminal's other side is closed
                break
        if answer and question in screen:
            os.write(ours, f"{answer}\n".encode())
            answer = ""
    os.close(ours)
    return process.wait(120), re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)


@pytest.mark.parametrize(("answer", "sent"), [("y", 40), ("n", 0)])
def test_it_asks_with_the_numbers(workspace, server, answer, sent):
    workspace.people(40)
    code, screen = on_a_terminal(workspace, answer)
    assert code == 0, screen
    assert f"Send it to 40 people through 127.0.0.1:{server.port}? [y/N]" in screen
    assert len(server.taken) == sent
    assert ("40/40" in screen) == bool(sent)
    assert ("Nothing was done." in screen) != bool(sent)
    assert len(workspace.data("status")) == bool(sent)


def test_a_list_is_deleted_once_its_name_was_typed(workspace):
    workspace.people(3)
    command, question = ("lists", "delete", "weekly"), "type its name (weekly)"
    code, screen = on_a_terminal(workspace, "weakly", *command, question=question)
    assert code == 2
    assert "'weakly' is not 'weekly': nothing was deleted" in screen
    code, screen = on_a_terminal(workspace, "weekly", *command, question=question)
    assert code == 0
    assert "subscribed 3" in screen
    assert workspace.data("lists", "list") == []
    assert len(list(workspace.root.glob("subscribers/before-delete-weekly-*.csv"))) == 1


def test_an_import_shows_both_readings(workspace):
    path = workspace.root / "people.csv"
    path.write_text("email\n" + "".join(f"reader{n}@inbox.example\n" for n in range(40)))
    code, screen = on_a_terminal(workspace, "", "subscribers", "import", str(path), "--list", "weekly")
    assert code == 0, screen
    # How many rows there are is known when they have been read once: so long no time is left.
    assert re.search(r"reading \S+ +40/\? +[\d,]+/s *\r?\n", screen), screen
    assert re.search(r"importing \S+ +40/40 ", screen), screen
