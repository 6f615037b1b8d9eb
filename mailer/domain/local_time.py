"""Nine o'clock where each reader is. Pure: the time is an argument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

FORM = 'write it like "09:00" or "2026-12-01 09:00"'
# Where a day begins first, and where it ends last (UTC+14 and UTC-12; IANA turns the sign round).
_FIRST, _LAST = ZoneInfo("Etc/GMT-14"), ZoneInfo("Etc/GMT+12")


class Past(StrEnum):
    """When somebody gets it where that time of the day is past already."""

    NEXT_DAY = "next-day"
    AT_ONCE = "at-once"


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A time on clocks, `wall` (naive), as seen at `now` (aware); `zone` is that of people who have none.

    Where the clocks leave that time out it comes later by as much as they do; where they show it twice, it is
    the first time.
    """

    wall: datetime
    zone: ZoneInfo
    now: datetime
    past: Past = Past.NEXT_DAY

    def at(self, zone: str | None) -> datetime:
        """Return when it is that time in the zone of this IANA name, in UTC; never before `now`."""
        there = zone_named(zone or "") or self.zone
        moment = utc_of(self.wall, there)
        if moment > self.now:
            return moment
        if self.past is Past.AT_ONCE:
            return self.now
        day = self.now.astimezone(there).date()
        days = (day + timedelta(days=later) for later in range(3))
        return next(at for each in days if (at := utc_of(_on(each, self.wall), there)) > self.now)

    def departures(self, zones: Mapping[str | None, int]) -> dict[datetime, int]:
        """Return how many go when, the soonest first, of whom so many are in each zone."""
        found: Counter[datetime] = Counter()
        for zone, people in zones.items():
            found[self.at(zone)] += people
        return dict(sorted(found.items()))

    @property
    def first(self) -> datetime:
        """When it is that time somewhere for the first time; before that nobody gets it."""
        return utc_of(self.wall, _FIRST)

    @property
    def last(self) -> datetime:
        """When it is that time anywhere for the last time."""
        return utc_of(self.wall, _LAST)


def parse_wall(text: str, today: date) -> datetime:
    """Return the time that clocks show, without a zone: `09:00` (on the day `today`), `2026-12-01 09:00`.

    ValueError for another text, and for one that says its offset.
    """
    text = text.strip()
    try:
        wall = _on(today, time.fromisoformat(text)) if ":" in text[:3] else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time of the day; {FORM}") from None
    if wall.tzinfo is not None:
        raise ValueError(f"{text!r} says its offset, and is meant by each reader's clock; {FORM}")
    if len(text) <= len("2026-12-01") and ":" not in text:
        raise ValueError(f"{text!r} names a day but no time; {FORM}")
    return wall


def _on(day: date, wall: datetime | time) -> datetime:
    return datetime.combine(day, wall if isinstance(wall, time) else wall.time())


def utc_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks in a zone show `wall` (naive), in UTC, as `LocalTime` has it."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name; None if there is none of it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what a zone may be called that is a folder, or no name at all
        return None
