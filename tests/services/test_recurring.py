"""Schedules that recur, on a clock of the test's own: the next issue each time, none twice, whoever looks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from standing_clock import look, write_issue

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.recurrence import NoneReady, Recurrence
from mailer.errors import UsageError
from mailer.services.begin import begin
from mailer.services.prepare import prepare, request_for
from mailer.services.recurring import add_folder, chosen, come_again, ready
from mailer.services.rounds import Round
from mailer.services.schedules import coming, icalendar, move, remove, schedule_standings

pytestmark = pytest.mark.peers

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKLY = Audience(("weekly",))


def mondays(app: App, none_ready: NoneReady = NoneReady.SKIP) -> int:
    return add_folder(app, app.root / "issues", WEEKLY, Recurrence("0 8 * * MON", none_ready)).id


def sent(app: App) -> list[str]:
    return [each.slug for each in app.ledger.sends()]


def test_each_time_the_next_issue_goes_out_by_date_and_none_twice(app, clock, server):
    write_issue(app, "2026-11-20-tide")
    write_issue(app, "anchor", "date: 2026-11-01\n")
    write_issue(app, "2026-11-21-ferry", "draft: true\n")
    mondays(app)
    look(app)
    assert sent(app) == []  # it is Saturday
    for week, slugs in enumerate((["anchor"], ["anchor", "tide"], ["anchor", "tide"])):
        clock.time = MONDAY + week * WEEK
        for _ in range(3):
            look(app)
        assert sent(app) == slugs
    write_issue(app, "2026-11-21-ferry")
    clock.time += WEEK
    look(app)
    assert [message_from_bytes(taken.content)["Subject"] for taken in server.taken] == [
        "About anchor",
        "About 2026-11-20-tide",
        "About 2026-11-21-ferry",
    ]


def test_where_no_issue_is_ready_it_is_said_and_skipped(app, clock):
    number = mondays(app)
    clock.time = MONDAY
    done, said = look(app)
    assert done.errors == []
    (words,) = said
    assert words.startswith(
        f"Schedule {number} sends nothing this time: no issue in issues is ready for list weekly"
    )
    assert [each.state for each in schedule_standings(app)] == ["skipped", "recurring"]
    assert look(app) == (Round(), [])


def test_where_no_issue_is_ready_it_fails_if_it_is_to(app, clock):
    mondays(app, NoneReady.FAIL)
    clock.time = MONDAY
    done, said = look(app)
    assert (said, done.exit_code) == ([], 3)
    assert "no issue in issues is ready" in done.errors[0].problem
    assert schedule_standings(app)[0].state == "failed"


def test_an_issue_that_cannot_be_read_is_not_passed_over(app, clock):
    (app.root / "issues" / "2026-11-01-tide.md").write_text("---\ntitle: Tide\nNo end.\n", encoding="utf-8")
    write_issue(app, "2026-11-02-ferry")
    mondays(app)
    clock.time = MONDAY
    done, _ = look(app)
    assert "2026-11-01-tide.md" in done.errors[0].problem
    assert sent(app) == []


def test_what_goes_out_otherwise_is_not_chosen(app):
    for name in ("2026-11-01-tide", "2026-11-02-ferry", "2026-11-03-anchor"):
        write_issue(app, name)
    app.lists.create("press", app.now(), "Press")
    file = app.root / "issues" / "2026-11-01-tide.md"
    begin(prepare(app, request_for(file, "tide", WEEKLY)))
    app.schedules.add("issues/2026-11-02-ferry.md", WEEKLY, MONDAY, "UTC", app.now())
    folder = app.root / "issues"
    assert [each.stem for each in ready(app, folder, WEEKLY)] == ["2026-11-03-anchor"]
    # What went to another list goes to this one all the same.
    assert len(list(ready(app, folder, Audience(("press",))))) == 3
    # What a list welcomes with goes to each when they come, and to nobody by the clock.
    app.lists.change("press", {"welcome": "issues/2026-11-03-anchor.md"}, app.now())
    assert list(ready(app, folder, WEEKLY)) == []


def test_times_that_nobody_looked_at_are_not_made_up_for(app, clock, server):
    for name in ("2026-11-01-tide", "2026-11-02-ferry"):
        write_issue(app, name)
    number = mondays(app)
    clock.time = MONDAY + 2 * WEEK + timedelta(minutes=61)
    done, said = look(app)
    (words,) = said
    assert words.startswith(
        f"Schedule {number} left out 2: nothing looked at the clock at Mon 2026-11-30 08:00"
    )
    (late,) = done.errors
    assert "was missed" in late.problem
    assert done.exit_code == 3
    assert look(app) == (Round(), [])  # it is said once
    assert sent(app) == []
    held = next(each.schedule for each in schedule_standings(app) if each.state == "missed")
    assert f'mailer schedule move {held.id} --at "in 1 min"' in late.next_step
    move(app, held.id, "in 1 min")
    clock.time += timedelta(minutes=1)
    look(app)
    assert sent(app) == ["tide"]


def test_within_the_grace_it_is_caught_up(app, clock):
    write_issue(app, "2026-11-01-tide")
    mondays(app)
    clock.time = MONDAY + timedelta(minutes=59)
    assert look(app)[0].errors == []
    assert sent(app) == ["tide"]


def test_who_takes_it_over_from_a_lost_process_begins_the_same_issue(app, clock):
    for name in ("2026-11-01-tide", "2026-11-02-ferry"):
        write_issue(app, name)
    mondays(app)
    clock.time = MONDAY
    come_again(app, print)
    (waits,) = app.schedules.due(clock.time)
    lost = "mailer run (process 1) on pier"
    assert app.schedules.take(waits.id, lost, clock.time)
    assert app.schedules.choose(waits.id, chosen(app, waits), lost, clock.time)
    # It was killed when its send had begun, and before it said so.
    begin(prepare(app, request_for(app.root / "issues" / "2026-11-01-tide.md", "tide", WEEKLY)))
    clock.time += timedelta(minutes=2)
    look(app)
    assert sent(app) == ["tide"]
    assert schedule_standings(app)[0].state == "done"
    assert not app.schedules.choose(waits.id, "issues/2026-11-02-ferry.md", lost, clock.time)


def test_of_many_that_see_it_come_one_writes_the_occurrence(app, clock):
    mondays(app)
    clock.time = MONDAY
    others = [App(app.root, app._environ, clock=clock) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda each: come_again(each, print), others))
    for each in others:
        each.let_go()
    assert [each.due_at for each in app.schedules.all()] == [MONDAY, MONDAY + WEEK]


def test_a_year_of_mondays_has_one_for_each_whoever_looks_and_when(app, clock):
    mondays(app)
    while clock.time < MONDAY + 51 * WEEK:
        clock.time += timedelta(hours=31)
        come_again(app, print)
    occurrences = [each.due_at for each in app.schedules.all() if each.parent_id]
    assert occurrences == [MONDAY + week * WEEK for week in range(52)]


def test_one_that_is_taken_back_comes_no_more(app, clock):
    number = mondays(app)
    with pytest.raises(UsageError, match=f"schedule {number} sends issues to list weekly already"):
        mondays(app)
    with pytest.raises(UsageError, match=f"schedule {number} is recurring") as refused:
        move(app, number, "in 1 min")
    assert refused.value.next_step == f"To have another time instead: mailer schedule remove {number}"
    remove(app, number)
    clock.time = MONDAY
    look(app)
    assert [each.state for each in schedule_standings(app)] == ["removed"]
    assert coming(app) == []


def test_what_comes_is_foretold_and_its_entries_keep_their_names(app, clock):
    number = mondays(app)
    app.schedules.add("issues/2026-11-02-ferry.md", WEEKLY, MONDAY + timedelta(days=1), "UTC", app.now())
    times = coming(app, 3)
    assert [each.at for each in times] == [MONDAY, MONDAY + timedelta(days=1), MONDAY + WEEK]
    assert [each.words for each in times] == [
        "the next of issues to list weekly",
        "issues/2026-11-02-ferry.md to list weekly",
        "the next of issues to list weekly",
    ]
    before = {line for line in icalendar(app).splitlines() if line.startswith("UID")}
    clock.time = MONDAY + timedelta(hours=2)
    come_again(app, print)
    after = {line for line in icalendar(app).splitlines() if line.startswith("UID")}
    assert f"UID:schedule-{number}-20261130T080000Z@gazette.example" in before - after
    assert len(before & after) == len(before) - 1


@pytest.mark.parametrize(
    ("folder", "cron", "problem"),
    [
        ("nowhere", "0 8 * * *", "there is no such folder"),
        ("..", "0 8 * * *", "is not in the workspace"),
        ("issues", "0 8 * *", "--cron '0 8 [*] [*]' is no cron expression"),
    ],
)
def test_what_could_never_begin_anything_is_refused(app, folder, cron, problem):
    with pytest.raises(UsageError, match=problem):
        add_folder(app, app.root / folder, WEEKLY, Recurrence(cron))
