"""On a terminal, `send-issue` asks before it sends, with the numbers, and draws its progress."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time

import pytest


def on_a_terminal(workspace, answer: str) -> tuple[int, str]:
    """Run `send-issue` on a terminal, answer its question; return its exit code and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        workspace.command("send-issue", "harbour"),
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
        if answer and "[y/N]" in screen:
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
