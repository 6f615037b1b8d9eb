"""A provider's limits, met over real sockets: nobody fails, nobody waits a quarter of an hour for nothing."""

from __future__ import annotations

import time
from collections import deque

from mailer.domain.outcome import Stage

ALLOWED = 60  # messages in any second


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
    workspace.people(600)
    may = Limiter(ALLOWED)

    def script(stage: Stage, count: int) -> str | None:
        if stage is Stage.CONTENT and not may():
            return "454 Throttling failure: Maximum sending rate exceeded."
        return None

    server.script = script
    began = time.monotonic()
    report = workspace.data("send-issue", "harbour", "--yes")
    seconds = time.monotonic() - began
    assert report["states"]["accepted"] == 600
    assert report["states"]["failed"] == report["states"]["deferred"] == 0
    assert len({recipient for message in server.taken for recipient in message.recipients}) == 600
    assert len(server.taken) == 600
    # Ten seconds at the rate allowed; some more to find it.
    assert seconds < 40
    assert may.refused <= 40
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
        if stage is Stage.RCPT and len(server.taken) >= 10:
            return "550 5.4.5 Daily SMTP relay limit exceeded for customer."
        return None

    server.script = script
    report = workspace.data("send-issue", "harbour", "--yes", expect=75)
    assert report["states"]["accepted"] == 10
    assert report["states"]["failed"] == 0
