"""A stretch of time as a person types and reads it: `30m`, `1h 30m`, `3 days`."""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_WORDS = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d", "week": "w"}
_PART = re.compile(r"(\d{1,6})\s*([a-z]+)", re.IGNORECASE)
_WHOLE = re.compile(rf"\s*(?:{_PART.pattern}[\s,]*)+", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """Return the time that `text` names in seconds, minutes, hours, days or weeks: `30m`, `1h 30m`, `3 days`.

    ValueError for anything else, a number without a unit too.
    """
    parts = [(int(number), _unit(word)) for number, word in _PART.findall(text)]
    if not _WHOLE.fullmatch(text) or any(not unit for _, unit in parts):
        raise ValueError(f"{text!r} is no stretch of time; write it like 30m, 2h or 3d")
    return timedelta(seconds=sum(number * _SECONDS[unit] for number, unit in parts))


def _unit(word: str) -> str:
    word = word.lower().removesuffix("s") or word.lower()
    return word if word in _SECONDS else _WORDS.get(word, "")


def about(time: timedelta) -> str:
    """Return a time from now, to its largest two units: `in 3 h`, `in 2 days 4 h`, `5 min ago`, `now`."""
    seconds = int(abs(time).total_seconds())
    if seconds < 60:
        return "now"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    named = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min")]
    first = next(place for place, (count, _) in enumerate(named) if count)
    words = " ".join(f"{count:,} {unit}" for count, unit in named[first : first + 2] if count)
    return f"in {words}" if time > timedelta() else f"{words} ago"


def short(time: timedelta) -> str:
    """Return a stretch of time as `parse_duration` reads it: `30m`, `1h30m`, `0s`."""
    left, parts = int(time.total_seconds()), list[str]()
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _SECONDS[unit])
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"
