"""Cron expressions, by the clocks of a zone.

APScheduler's CronTrigger computes what a clock on the wall shows next; when that is in a zone whose clocks go
forward and back is said here. A time that they leave out is taken by the clock from before, so that half past
two becomes half past three; one that they show twice is meant the first time. So each day has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
EXAMPLE = 'write it as crontab does, minute hour day month weekday: "0 8 * * MON"'
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")  # cron counts from Sunday, 0 and 7
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?", re.ASCII)
# By no zone do the clocks differ more from what they were than on the day that Samoa left out.
_LONGEST_SHIFT = timedelta(hours=25)


class CronError(ValueError):
    """A text is no cron expression, or one that never comes."""


@dataclass(frozen=True)
class Cron:
    """What recurs by the clocks of `zone` as `text` says: five fields, or a shorthand as `@daily`.

    As in crontab(5), a day fits that fits either of day and weekday, where both are restricted. CronError.
    """

    text: str
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if next(self.after(datetime(2000, 1, 1, tzinfo=UTC)), None) is None:
            raise CronError(f"{self.text!r} never comes")

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after `moment` (aware), in UTC, in their order."""
        latest = moment
        for wall in self._walls(self._first_wall(moment)):
            time = wall.replace(tzinfo=self.zone).astimezone(UTC)
            if time > latest:
                yield time
                latest = time

    def next(self, moment: datetime, count: int = 10) -> list[datetime]:
        """Return the next times after `moment`, in UTC."""
        return list(islice(self.after(moment), count))

    def _first_wall(self, moment: datetime) -> datetime:
        """Return where to begin: after clocks were moved, what they left out may come yet."""
        now, before = moment.astimezone(self.zone), (moment - _LONGEST_SHIFT).astimezone(self.zone)
        return (now if now.utcoffset() == before.utcoffset() else before).replace(tzinfo=None, fold=0)

    def _walls(self, wall: datetime) -> Iterator[datetime]:
        """Yield what the clocks show from `wall` on (naive), as if nobody ever moved them."""
        at = wall.replace(tzinfo=UTC)
        while found := [time for each in self._triggers if (time := each.get_next_fire_time(None, at))]:
            at = min(found)
            yield at.replace(tzinfo=None)
            at += timedelta(seconds=1)

    @cached_property
    def _triggers(self) -> list[CronTrigger]:
        fields = SHORTHANDS.get(self.text.strip().lower(), self.text).split()
        if len(fields) != 5:
            raise CronError(f"{self.text!r} is no cron expression; {EXAMPLE}")
        minute, hour, day, month, weekday = map(str.lower, fields)
        days = [(day, "*"), ("*", _weekdays(self.text, weekday))]
        if day.startswith("*") or weekday.startswith("*"):
            days = [(day, days[1][1])]
        try:
            return [
                CronTrigger(minute=minute, hour=hour, day=each, month=month, day_of_week=on, timezone="UTC")
                for each, on in days
            ]
        except ValueError as error:
            raise CronError(f"{self.text!r} is no cron expression ({error}); {EXAMPLE}") from None


def _weekdays(text: str, field: str) -> str:
    """Return a weekday field in names: APScheduler counts from Monday, and knows no range over a Sunday."""
    days: set[str] = set()
    for part in field.split(","):
        found = _PART.fullmatch(part)
        first = _weekday(found["first"]) if found and found["first"] != "*" else 0
        last = _weekday(found["last"]) if found and found["last"] else None
        if not found or first is None or (found["last"] and last is None) or found["step"] == "0":
            raise CronError(f"{text!r} is no cron expression: {part!r} is no weekday; {EXAMPLE}")
        if last is None:
            last = 6 if found["first"] == "*" or found["step"] else first
        span = range(first, last + (1 if last >= first else 8), int(found["step"] or 1))
        days.update(WEEKDAYS[each % 7] for each in span)
    return ",".join(sorted(days, key=WEEKDAYS.index))


def _weekday(word: str) -> int | None:
    if word.isdigit():
        return int(word) if int(word) <= 7 else None
    return WEEKDAYS.index(word[:3]) if word[:3] in WEEKDAYS and len(word) == 3 else None
