"""`LOG_LEVEL`: what a send says of itself on stderr, from its worker processes too."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
from contextlib import suppress

SEND = ("send-issue", "harbour", "--yes", "--quiet")


def test_nothing_more_is_said_than_before_unless_it_is_asked_for(workspace, server):
    workspace.people(3)
    assert workspace.run(*SEND).stderr == ""


def test_a_send_tells_what_it_does(workspace, server):
    workspace.settings["LOG_LEVEL"] = "info"
    workspace.people(3)
    said = workspace.run(*SEND).stderr
    for line in (
        r"INFO mailer\.engine\.dispatch\[\d+\]: harbour to list weekly: begun, as ",
        r"INFO mailer\.smtp\[\d+\]: #1 up: 127\.0\.0\.1:\d+, in the clear",
        r"INFO mailer\.smtp\[\d+\]: #\d ended, \d answered: done: 221 ",
        r"INFO mailer\.engine\.dispatch\[\d+\]: harbour to list weekly: ended, with accepted 3",
    ):
        assert re.search(line, said), line
    assert "DEBUG" not in said


def test_worker_processes_tell_as_well(workspace, server):
    workspace.settings["LOG_LEVEL"] = "debug"
    workspace.people(6)
    said = workspace.run(*SEND, "--workers", 2).stderr
    started = set(re.findall(r"worker process (\d+) started", said))
    assert len(started) == 2
    assert {*re.findall(r"worker process (\d+) ended, \d settled", said)} == started
    assert {*re.findall(r"mailer\.smtp\[(\d+)\]: #\d+ > MAIL FROM:<…@", said)} <= started
    assert said.count("> RCPT TO:<…@inbox.example>") == 6
    assert "reader" not in said


def test_on_a_terminal_no_line_is_written_into_the_progress_bar(workspace, server):
    workspace.settings |= {"LOG_LEVEL": "info", "TERM": "xterm", "COLUMNS": "200"}
    workspace.people(40)
    server.script = lambda stage, count: time.sleep(0.002)
    ours, theirs = pty.openpty()
    command = workspace.command("send-issue", "harbour", "--yes", "--workers", 2)
    process = subprocess.Popen(
        command, env=workspace.environment(), stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other end is closed
        while octets := os.read(ours, 1 << 16):
            shown += octets
    os.close(ours)
    assert process.wait() == 0
    lines = [line for line in shown.decode().split("\r\n") if " INFO mailer." in line]
    assert any("mailer.smtp[" in line for line in lines)
    # The first one after the bar follows what shows the cursor again.
    whole = [line.rpartition("\r\x1b[2K")[2].removeprefix("\x1b[?25h") for line in lines]
    assert [line for line in whole if not re.fullmatch(r"\d{4}-.*", line)] == []
