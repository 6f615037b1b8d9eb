"""Killed at any moment, nobody is skipped, nobody gets two, and those in flight are named."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

CONNECTIONS = 4
PEOPLE = 3000
KILLS = 8


def accepted(log: Path) -> Counter[str]:
    """Return how many copies the server took for each recipient, by its own log."""
    return Counter(line.split(" ")[0] for line in log.read_text().splitlines()) if log.exists() else Counter()


def kill_at_random_moments(workspace, server, kills: int) -> int:
    """Kill `send-issue` again and again while it sends; return how often it was still sending.

    The moment is a number of messages and no time: however fast the machine, all kills together
    meet half of the people at most, so that the last one finds a run to kill as the first does.
    """
    hit = 0
    for _ in range(kills):
        moment = len(server.taken) + random.randint(1, PEOPLE // kills // 2)
        process = workspace.start("send-issue", "harbour", "--yes", "-q")
        while process.poll() is None and len(server.taken) < moment:
            time.sleep(0.001)
        hit += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return hit


@pytest.mark.parametrize(
    ("window", "ledger"),
    [(1, "sqlite"), (8, "sqlite"), (8, "postgresql")],
    ids=["DATA", "BDAT", "PostgreSQL"],
)
def test_killed_at_random_moments_everyone_is_accounted_for(workspace, server, window, ledger, request):
    if ledger == "postgresql":
        workspace.settings["DATABASE_URL"] = request.getfixturevalue("postgresql").database()
        workspace.run("lists", "create", "weekly", "--title", "Harbour Gazette")
    if window > 1:
        server.extensions = (*server.extensions, "CHUNKING")
    workspace.settings |= {"SMTP_CONNECTIONS": str(CONNECTIONS), "SMTP_WINDOW": str(window)}
    workspace.people(PEOPLE)
    hit = kill_at_random_moments(workspace, server, KILLS)
    assert hit >= KILLS // 2, "most kills must meet a run that is sending"

    last = workspace.start("send-issue", "harbour", "--yes", "-q")
    last.communicate()
    copies, uncertain = accepted(server.log), uncertain_addresses(workspace)
    assert last.returncode == (5 if uncertain else 0)
    everyone = {f"reader{n}@inbox.example" for n in range(PEOPLE)}
    assert {address for address, count in copies.items() if count > 1} == set()
    assert everyone - copies.keys() <= uncertain
    assert len(uncertain) <= hit * CONNECTIONS * window
    verified = workspace.data("verify", "harbour", expect=5 if uncertain else 0)[0]
    assert verified["clean"]
    assert verified["states"]["accepted"] + verified["states"]["uncertain"] == PEOPLE
    words = workspace.run("deliveries", "harbour", "--state", "uncertain").stdout
    assert words.count("died between handing the message over and reading the answer") == len(uncertain)


def uncertain_addresses(workspace) -> set[str]:
    lines = workspace.run("deliveries", "harbour", "--state", "uncertain").stdout.splitlines()
    return {line.split()[1] for line in lines}
