"""Calendars for other programs, read back by the library that calendars are read with."""

from __future__ import annotations

from datetime import UTC, datetime

from icalendar import Calendar

from mailer.timetable.calendar import CalendarEntry, icalendar

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)


def test_entries_are_there_as_they_were_put_and_lines_are_short():
    title = "issues/2026-12-07-tide.md to list weekly, ferry; segment \"city = 'Østhavn'\" without press" * 2
    written = icalendar("Harbour Gazette", [CalendarEntry("schedule-3@gazette.example", NOW, title)], NOW)
    (event,) = Calendar.from_ical(written).walk("VEVENT")
    assert (event["summary"], event["uid"], event.decoded("dtstart")) == (
        title,
        "schedule-3@gazette.example",
        NOW,
    )
    assert max(len(line.encode()) for line in written.split("\r\n")) <= 75  # RFC 5545 3.1
