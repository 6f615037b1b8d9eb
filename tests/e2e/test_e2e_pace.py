"""A provider's limits, met over real sockets: nobody fails, nobody waits a quarter of an hour for nothing."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from contextlib import closing
from datetime import date, datetime, timedelta

from mailer.domain.outcome import Stage

ALLOWED = 20  # messages in any second: so few that a slow machine meets it, too


class Limiter:
    """Says yes to so many in any second."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken: deque[float] = deque()
        self.refused = 0

    def __call__(self) -> bool:
        now = time.monotonic()
        while self.taken and self.taken[0] <= now - 1:
            self.taken.popleft()
        if len(self.taken) >= self.number:
            self.refused += 1
            return False
        self.taken.append(now)
        return True


def test_a_rate_limit_is_found_and_everybody_gets_the_issue_in_one_run(workspace, server):
    workspace.people(200)
    may = Limiter(ALLOWED)

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.CONTENT and not may():
            return "454 Throttling failure: Maximum sending rate exceeded."
        return None

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes")
    assert report["states"]["accepted"] == 200
    assert report["states"]["failed"] == report["states"]["deferred"] == 0
    assert len({recipient for message in server.taken for recipient in message.recipients}) == 200
    assert len(server.taken) == 200
    assert 1 <= may.refused <= 40
    workspace.run("verify", "harbour")


def test_a_daily_quota_parks_the_send_and_is_remembered(workspace, server):
    workspace.people(50)

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.CONTENT and count > 20:
            return "454 Throttling failure: Daily message quota exceeded."
        return None

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes", expect=75)
    assert report["states"]["accepted"] == 20
    assert report["states"]["failed"] == 0
    commands = len(server.commands)
    report = workspace.data("send-issue", "harbour", "--yes", expect=75)
    assert report["states"]["accepted"] == 20
    assert len(server.commands) == commands  # nothing was even asked


def test_a_limit_that_ends_the_account_for_the_day_is_no_persons_fault(workspace, server):
    workspace.people(30)

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.RCPT and count > 10:
            return "550 5.4.5 Daily SMTP relay limit exceeded for customer."
        return None

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes", expect=75)
    # What was under way over other connections is given back, or goes through.
    assert 5 <= report["states"]["accepted"] == len(server.taken) <= 10
    assert report["states"]["failed"] == report["states"]["deferred"] == 0


def test_a_limit_on_connections_is_found_and_remembered(workspace, server):
    workspace.people(600)
    workspace.settings["SMTP_CONNECTIONS"] = "6"
    refused = []

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.CONNECT and server.present > 2:
            refused.append(count)
            return "421 4.7.0 Too many connections"
        return None

    server.script, server.drip = script, True
    report = workspace.data("send-issue", "harbour", "--yes", "--limit", "300", expect=75)
    assert report["states"]["accepted"] == len(server.taken) == 300
    assert 1 <= len(refused) <= 2
    workspace.run("send-issue", "harbour", "--yes")
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == 600
    assert len(refused) <= 2, "the second run knew"


def a_day_passes(workspace) -> None:
    """Let all that was done have been done a day before."""
    day = timedelta(days=1)
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        for row, at in database.execute("SELECT id, at FROM passed").fetchall():
            earlier = (datetime.fromisoformat(at) - day).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            database.execute("UPDATE passed SET at = ? WHERE id = ?", (earlier, row))
        ((started_on, started_at),) = database.execute("SELECT started_on, started_at FROM warmups")
        earlier = (datetime.fromisoformat(started_at) - day).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        first_day = (date.fromisoformat(started_on) - day).isoformat()
        database.execute("UPDATE warmups SET started_on = ?, started_at = ?", (first_day, earlier))


def test_a_warm_up_sends_a_day_at_a_time(workspace, server):
    workspace.people(70)
    report = workspace.data("send-issue", "harbour", "--yes", "--warmup", "20x1.5", expect=75)
    assert (report["states"]["accepted"], report["states"]["queued"]) == (20, 50)
    again = workspace.run("send-issue", "harbour", "--yes", "--warmup", "20x1.5", expect=75)
    assert "Waiting: the warm-up of gazette.example" in again.stderr
    assert len(server.taken) == 20
    workspace.settings["MAIL_WARMUP"] = "20x1.5"
    assert "held after --warmup 20x1.5" in workspace.run("tick").stdout
    workspace.run("resume", "harbour")
    workspace.run("tick")
    assert len(server.taken) == 20
    a_day_passes(workspace)
    workspace.run("tick", expect=75)
    assert len(server.taken) == 50
    a_day_passes(workspace)
    workspace.run("tick")
    assert len(server.taken) == 70
    workspace.run("verify", "harbour")


def test_a_plan_that_is_none_is_refused(workspace):
    assert "50x1.5" in workspace.run("send-issue", "harbour", "--warmup", "slowly", expect=2).stderr
    workspace.settings["MAIL_WARMUP"] = "50x0.5"
    assert "MAIL_WARMUP" in workspace.run("send-issue", "harbour", "--yes", expect=2).stderr
