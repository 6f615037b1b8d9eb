"""A time by each reader's own clock, as it was typed and as the settings have it."""

from __future__ import annotations

from datetime import datetime

from mailer.bootstrap import App
from mailer.domain.local_time import LocalTime, Past, parse_wall
from mailer.errors import UsageError


def local_time(app: App, typed: str) -> LocalTime:
    """Return the time that was `typed`; UsageError for what is none, or is past wherever somebody may be."""
    try:
        found = by_clocks(app, parse_wall(typed, app.now().astimezone(app.settings.zone).date()))
    except ValueError as error:
        raise UsageError(f"--at {error}") from None
    if found.last <= found.now:
        raise UsageError(f"--at {typed!r} is past everywhere", next_step="Choose a later time, or none.")
    return found


def by_clocks(app: App, wall: datetime) -> LocalTime:
    """Return a time that clocks show as it is meant by the settings, seen now."""
    return LocalTime(wall, app.settings.zone, app.now(), Past(app.settings.local_time_past))
