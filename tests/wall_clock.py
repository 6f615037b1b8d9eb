"""A clock on a wall, walked minute by minute: the plain model of when a time of the day comes in a zone.

It knows zoneinfo's `astimezone` and nothing of the program. What clocks show twice comes the first time; what
they leave out comes when a clock that nobody had moved would show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def instants(fits: Callable[[datetime], bool], zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Return when the clocks of `zone` show a time that `fits` (naive), from `start` until `end` (UTC)."""
    return sorted({at for at, wall in shown(zone, start, end) if fits(wall)})


def shown(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield each minute on the wall (naive) once, and when it comes (UTC)."""
    there, at = ZoneInfo(zone), start
    latest = _wall(at - MINUTE, there)
    while at < end:
        wall = _wall(at, there)
        left_out, later = latest + MINUTE, at
        while left_out < wall:
            yield later, left_out
            left_out, later = left_out + MINUTE, later + MINUTE
        if wall > latest:
            yield at, wall
            latest = wall
        at += MINUTE


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
