"""The address that calendar programs subscribe to, read back by the library that such programs use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from quay import Client
from standing_clock import SATURDAY, Clock

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.recurrence import Recurrence
from mailer.errors import SettingsError
from mailer.services.recurring import add_folder
from mailer.services.schedule_link import ScheduleLink
from mailer.web.rooms import web_app

SETTINGS = {
    "SECRET_KEY": "a key of the harbour",
    "BASE_URL": "http://127.0.0.1:8000",
    "SCHEDULE_CALENDAR": "office",
    "POSTAL_ADDRESS": "1 Quay Street, Port Example",
}


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    (tmp_path / "issues").mkdir()
    made = App(tmp_path, SETTINGS | {"DATABASE_URL": database_url}, clock=Clock())
    made.lists.create("weekly", made.now(), "Harbour Gazette")
    for number in range(50):
        (tmp_path / f"folder{number}").mkdir()
        cron = Recurrence(f"{number} {'*' if number else '8'} * * {'*' if number else 'MON'}")
        add_folder(made, tmp_path / f"folder{number}", Audience(("weekly",)), cron)
    yield made
    made.let_go()


def path(app: App) -> str:
    return ScheduleLink(app).address().removeprefix(SETTINGS["BASE_URL"])


def test_who_has_the_address_reads_the_calendar_and_can_do_nothing_else(app):
    client = Client(web_app(app))
    before = app.schedules.all()
    answer = client.get(path(app))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    events = Calendar.from_ical(answer.text).walk("VEVENT")
    assert len(events) == 1000  # however often something recurs
    assert events[0].decoded("dtstart") == SATURDAY + timedelta(minutes=1)
    assert client.head(path(app)).status_code == 200
    assert client.post(path(app)).status_code == 405
    assert app.schedules.all() == before


def test_any_other_address_is_none(app):
    client, good = Client(web_app(app)), path(app)
    for wrong in (good[:-5] + "x.ics", good.replace(".ics", "x.ics"), "/calendar/.ics", "/calendar/é.ics"):
        assert client.get(wrong).status_code == 404, wrong
    for name, other in (("SCHEDULE_CALENDAR", "quay"), ("SECRET_KEY", "another key")):
        changed = App(app.root, app._environ | {name: other}, clock=Clock())
        assert Client(web_app(changed)).get(good).status_code == 404


@pytest.mark.parametrize("name", ["SCHEDULE_CALENDAR", "BASE_URL", "SECRET_KEY"])
def test_what_is_missing_for_it_is_said(app, name):
    without = App(app.root, {key: value for key, value in app._environ.items() if key != name})
    with pytest.raises(SettingsError, match=name):
        ScheduleLink(without).address()
    if name == "SCHEDULE_CALENDAR":
        assert Client(web_app(without)).get(path(app)).status_code == 404
