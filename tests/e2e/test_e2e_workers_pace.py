"""Several worker processes meet a provider's limits: one is refused, all of them know it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from contextlib import closing

import pytest

from mailer.domain.outcome import Stage

SLOWER = "454 Throttling failure: Maximum sending rate exceeded."
DAY_OVER = "454 Throttling failure: Daily message quota exceeded."


def remembered(workspace) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database:
        database.row_factory = sqlite3.Row
        return database.execute("SELECT * FROM paces").fetchall()


def test_a_rate_is_found_by_two_workers_between_them(workspace, server):
    workspace.people(200)
    allowed, refused, taken = 20, [], deque()

    def script(stage: Stage, count: int) -> str | None:
        if stage is not Stage.CONTENT:
            return None
        now = time.monotonic()
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if len(taken) < allowed:
            taken.append(now)
            return None
        refused.append(now)
        return SLOWER

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes", "--workers", 2)
    assert report["states"]["accepted"] == len(server.taken) == 200
    assert len({message.recipients[0] for message in server.taken}) == 200
    assert 1 <= len(refused) <= 60
    (row,) = remembered(workspace)
    assert 0.7 * allowed <= row["ceiling"] <= 1.5 * allowed, "of the account, not of one worker"


def test_a_quota_that_one_worker_is_told_of_stops_all_of_them(workspace, server):
    workspace.people(2000)

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.CONTENT:
            time.sleep(0.002)
            # Said once, to one connection: whoever else stops has heard it from the one who was told.
            return DAY_OVER if count == 300 else None
        return None

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes", "--workers", 2, expect=75)
    accepted = report["states"]["accepted"]
    assert 299 <= accepted == len(server.taken) < 900
    assert report["states"]["uncertain"] == 0
    (row,) = remembered(workspace)
    assert (row["quota"], row["window_used"]) == (accepted, accepted)
    assert row["parked_until"] is not None
    commands = len(server.commands)
    again = workspace.run("send-issue", "harbour", "--yes", "--workers", 2, expect=75)
    assert "the provider takes no more for now" in again.stderr
    assert len(server.commands) == commands


@pytest.mark.parametrize("most", [1, 3])
def test_connections_are_shared_as_far_as_the_server_allows_them(workspace, server, most):
    workspace.people(1500)
    workspace.settings["SMTP_CONNECTIONS"] = "6"
    refused: list[int] = []
    admitted: set[asyncio.Task[None]] = set()

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.CONNECT:
            # Not those that are there: one that was refused and is still hanging up takes nobody's place.
            if sum(not talk.done() for talk in admitted) >= most:
                refused.append(count)
                return "421 4.7.0 Too many connections"
            admitted.add(asyncio.current_task())
        if stage is Stage.CONTENT:
            time.sleep(0.002)
        return None

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes", "--workers", 2)
    assert report["states"]["accepted"] == len(server.taken) == 1500
    assert len({message.recipients[0] for message in server.taken}) == 1500
    assert 1 <= len(refused) <= 6
    (row,) = remembered(workspace)
    # Never more than there may be; one fewer where it was just being opened by one process when another was
    # refused, so that it was counted too late.
    assert row["connections"] in {most, max(most - 1, 1)}
