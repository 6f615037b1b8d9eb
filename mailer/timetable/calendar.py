"""Times of sending as a calendar that other programs read (iCalendar, RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event

# RFC 7986 5.7: how often a program that subscribes to it should look again.
REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Something that happens `at` a time (aware); `uid` stays the same whenever the calendar is made."""

    uid: str
    at: datetime
    title: str


def icalendar(name: str, entries: Iterable[CalendarEntry], now: datetime) -> str:
    """Return a calendar that shows `entries`, each for no time at all."""
    calendar = Calendar()
    calendar.add("prodid", "-//mailer//Schedules//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", now)
        event.add("dtstart", entry.at)
        event.add("summary", entry.title)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    text: str = calendar.to_ical().decode()
    return text
