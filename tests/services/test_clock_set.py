"""A clock that somebody sets: that is said, what went out stays sent, and nobody waits for it to catch up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from standing_clock import look, write_issue

from mailer.domain.audience import Audience
from mailer.domain.recurrence import Recurrence
from mailer.errors import MailerError
from mailer.schedule.clock_watch import ClockWatch
from mailer.schedule.daemon import Daemon
from mailer.services.recurring import add_folder
from mailer.services.rounds import rounds

pytestmark = pytest.mark.peers

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WEEKLY = Audience(("weekly",))


def test_a_daemon_says_that_it_was_set_and_sends_nothing_twice(app, clock, server):
    for name in ("2026-11-01-tide", "2026-11-02-ferry"):
        write_issue(app, name)
    add_folder(app, app.root / "issues", WEEKLY, Recurrence("0 8 * * *"))
    # As a clock is set to and fro over the time of the schedule, and at last goes on to the next.
    times = [MONDAY, MONDAY - 3 * HOUR, MONDAY, MONDAY + 5 * MINUTE, MONDAY - HOUR, MONDAY + 24 * HOUR]
    said: list[str] = []
    failed: list[MailerError] = []
    subjects: list[int] = []

    def looked() -> bool:
        subjects.append(len(server.taken))
        if not times:
            return True
        clock.time = times.pop(0)
        return False

    with rounds(app) as made:
        Daemon(made, 0.01, said.append, failed.append, time=lambda: 0.0).keep_sending(looked)
    assert subjects == [0, 1, 1, 1, 1, 1, 2]
    assert failed == []
    words = [each for each in said if each.startswith("The clock")]
    assert [each.partition(".")[0].partition(",")[0] for each in words] == [
        "The clock went on by 2 days more than the time that passed: it was set",
        "The clock was set back by 3 h",
        "The clock went on by 3 h more than the time that passed: it was set",
        "The clock went on by 5 min more than the time that passed: it was set",
        "The clock was set back by 1 h 5 min",
        "The clock went on by 1 day 1 h more than the time that passed: it was set",
    ]


def test_a_clock_that_is_corrected_by_seconds_is_no_news():
    watch = ClockWatch()
    seen = [watch.look(MONDAY + timedelta(seconds=clock), passed) for clock, passed in ((0, 0), (70, 11))]
    assert seen == ["", ""]


def test_what_a_lost_process_took_by_a_clock_that_was_set_back_is_begun(app, clock, server):
    write_issue(app, "tide")
    added = app.schedules.add("issues/tide.md", WEEKLY, MONDAY, "UTC", app.now())
    clock.time = MONDAY + 30 * MINUTE
    assert app.schedules.take(added.id, "mailer run (process 1) on pier", app.now())
    clock.time = MONDAY + 10 * MINUTE
    look(app)
    assert len(server.taken) == 1
