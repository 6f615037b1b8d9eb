"""A year of schedules and local sends where clocks are moved, beside a clock walked minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from standing_clock import Clock, join, look, workspace, write_issue
from wall_clock import instants, shown

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.local_time import LocalTime
from mailer.domain.recurrence import Recurrence
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.begin import begin
from mailer.services.local_time import local_time
from mailer.services.prepare import prepare, request_for
from mailer.services.recurring import add_folder, come_again
from mailer.timetable.cron import Cron

pytestmark = pytest.mark.peers

WEEKLY = Audience(("weekly",))
YEAR = timedelta(days=365)
# Where clocks are moved on a Sunday at these times; never; and by a day, on a Friday of 2011.
ZONES = {
    "Europe/Lisbon": ("30 1 * * SUN", 6, (1, 30), 2027),
    "Australia/Lord_Howe": ("15 2 * * SUN", 6, (2, 15), 2027),
    "America/New_York": ("30 2 * * SUN", 6, (2, 30), 2027),
    "Asia/Kathmandu": ("45 8 * * MON", 0, (8, 45), 2027),
    "Pacific/Apia": ("0 8 * * FRI", 4, (8, 0), 2011),
}
READERS = {zone.partition("/")[2].lower(): zone for zone in ZONES}


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    clock.time = datetime(2010, 12, 1, tzinfo=UTC)
    made = workspace(tmp_path, database_url, clock, server)
    for name, zone in READERS.items():
        join(made, name, timezone=zone)
    yield made
    made.let_go()


@cache
def times(zone: str) -> list[tuple[datetime, datetime]]:
    """Return when it is that time of the day in the zone, all year, and the day of it on the wall."""
    _, _, (hour, minute), year = ZONES[zone]
    start = datetime(year, 1, 1, tzinfo=UTC)
    walked = shown(zone, start, start + YEAR)
    return [(at, wall) for at, wall in walked if (wall.hour, wall.minute) == (hour, minute)]


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_days_has_each_time_at_its_instant(zone):
    _, _, (hour, minute), _ = ZONES[zone]
    there, expected = ZoneInfo(zone), sorted({at for at, _ in times(zone)})
    assert len(expected) >= 364
    for at, wall in times(zone):
        assert LocalTime(wall, there, at - timedelta(seconds=1)).at(zone) == at
    cron = Cron(f"{minute} {hour} * * *", there)
    assert cron.next(expected[0] - timedelta(seconds=1), len(expected)) == expected


@pytest.mark.parametrize("year", [2011, 2027])
def test_a_year_of_schedules_writes_each_occurrence_at_its_instant_once(app, clock, year):
    expected: dict[int, list[datetime]] = {}
    clock.time = datetime(year, 1, 1, tzinfo=UTC)
    for zone, (cron, weekday, _, its_year) in ZONES.items():
        if its_year == year:
            there = App(app.root, app._environ | {"TZ": zone}, clock=clock)
            folder = app.root / zone.replace("/", "-")
            folder.mkdir()
            number = add_folder(there, folder, WEEKLY, Recurrence(cron)).id
            there.let_go()
            expected[number] = [at for at, wall in times(zone) if wall.weekday() == weekday]
    for at in sorted({at for each in expected.values() for at in each}):
        # Just before it, on time, and a little after, as somebody looks each minute.
        for clock.time in (at - timedelta(seconds=1), at, at + timedelta(seconds=59)):
            if app.schedules.any_passed(clock.time):
                come_again(app, pytest.fail)
    written: dict[int, list[datetime]] = {number: [] for number in expected}
    for schedule in app.schedules.all():
        if schedule.parent_id:
            written[schedule.parent_id].append(schedule.due_at)
    assert written == expected
    assert all(len(each) >= 52 for each in written.values())


@pytest.mark.parametrize("wall", ["2027-03-28 01:30", "2027-10-03 02:15"])
def test_a_local_send_over_a_change_of_clocks_is_at_each_instant_once(app, clock, server, wall):
    meant = datetime.fromisoformat(wall)
    clock.time = meant.replace(tzinfo=UTC) - timedelta(hours=15)
    expected = {
        name: instants(lambda wall: wall == meant, zone, clock.time, clock.time + timedelta(hours=40))
        for name, zone in READERS.items()
    }
    assert all(len(each) == 1 for each in expected.values())
    begin(prepare(app, request_for(write_issue(app, "tide"), "tide", WEEKLY)), local=local_time(app, wall))
    for moment in sorted(each[0] for each in expected.values()):
        for clock.time in (moment - timedelta(seconds=1), moment):
            look(app)
            due = sorted(name for name, each in expected.items() if each[0] <= clock.time)
            assert sorted(each.recipients[0].partition("@")[0] for each in server.taken) == due
