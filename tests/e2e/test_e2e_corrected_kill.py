"""Killed at any moment of a correction and of its errata: everyone has the text that is on record."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from contextlib import closing

import pytest
from corrected_copies import RIGHT, assert_the_ledger_is_right, messages, version

PEOPLE = 1200
KILLS = 5


@pytest.mark.parametrize("window", [1, 8], ids=["DATA", "BDAT"])
def test_killed_at_random_moments_of_a_correction_with_errata(workspace, server, window):
    if window > 1:
        server.extensions = (*server.extensions, "CHUNKING")
    workspace.settings |= {"SMTP_CONNECTIONS": "4", "SMTP_WINDOW": str(window)}
    workspace.people(PEOPLE)
    hit: int = killed(workspace, server, "send-issue", "harbour", "--yes", "-q", after=PEOPLE // 3)
    old = len(server.taken)
    assert hit and old < PEOPLE
    workspace.issue(RIGHT)
    for _ in range(KILLS):
        hit += killed(workspace, server, "send-issue", "harbour", "--erratum", "--yes", "-q")
    last = workspace.start("send-issue", "harbour", "--erratum", "--yes", "-q")
    last.communicate()
    assert last.returncode in (0, 5)
    copies = messages(server)
    original, erratum = workspace.data("status")
    doubted = original["states"]["uncertain"] + erratum["states"]["uncertain"]
    assert doubted <= hit * 4 * window
    seen = {tuple(map(version, each)) for each in copies.values()}
    assert seen <= {(1, 2), (2,), (1,)}, "one text of each, the old one first"
    only_old = sum(tuple(map(version, each)) == (1,) for each in copies.values())
    assert only_old <= doubted, "who has the old one only is in doubt, with one or the other"
    assert PEOPLE - len(copies) <= doubted
    assert_the_ledger_is_right(workspace, server)
    for each in workspace.data("verify", "harbour", expect=5 if doubted else 0):
        assert each["clean"]


def killed(workspace, server, *arguments: str, after: int = 0) -> bool:
    """Kill a run a random number of messages after so many more; return whether it was still sending."""
    moment = len(server.taken) + after + random.randint(1, PEOPLE // KILLS // 2)
    process = workspace.start(*arguments)
    while process.poll() is None and len(server.taken) < moment:
        time.sleep(0.001)
    hit = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return hit


def test_killed_between_the_correction_and_the_first_message(workspace, server):
    """Nothing was sent of it, and the next run goes on with the new text: there is no way back."""
    workspace.people(2000)  # so that to prove their errata takes long enough to be killed at it
    workspace.run("send-issue", "harbour", "--yes", "-q")
    workspace.issue(RIGHT)
    process = workspace.start("send-issue", "harbour", "--erratum", "--yes", "-q")
    while process.poll() is None and len(revisions_of(workspace)) < 2:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    workspace.run("send-issue", "harbour", "--erratum", "--yes", "-q")
    assert {tuple(map(version, each)) for each in messages(server).values()} == {(1, 2)}
    assert len(server.taken) == 4000
    assert [each["accepted"] for each in workspace.data("status")[0]["revisions"]] == [2000, 0]


def revisions_of(workspace) -> list[str]:
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database:
        return [row[0] for row in database.execute("SELECT revision FROM revisions")]
