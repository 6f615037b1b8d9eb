"""A time by each reader's own clock, as it was typed and as the settings have it."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer.bootstrap import App
from mailer.domain.local_time import LocalTime, Past, parse_wall
from mailer.errors import UsageError


def local_time(app: App, typed: str) -> LocalTime:
    """Return the time that was `typed`; UsageError for what is none, or is past wherever somebody may be.

    One without a day is today's, in `TZ`, or tomorrow's where that is past everywhere.
    """
    today = app.now().astimezone(app.settings.zone).date()
    try:
        times = [by_clocks(app, parse_wall(typed, today + timedelta(days=days))) for days in range(2)]
    except ValueError as error:
        raise UsageError(f"--at {error}") from None
    for found in times:
        if found.last > found.now:
            return found
    raise UsageError(f"--at {typed!r} is past everywhere", next_step="Choose a later time, or none.")


def by_clocks(app: App, wall: datetime) -> LocalTime:
    """Return a time that clocks show as it is meant by the settings, seen now."""
    return LocalTime(wall, app.settings.zone, app.now(), Past(app.settings.local_time_past))
