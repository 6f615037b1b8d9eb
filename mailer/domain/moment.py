"""A time as a person types it: local in a zone unless it says its offset. Pure: no clock is read."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


class MomentError(ValueError):
    """A text is no time, or one that the clocks of its zone never show."""


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the time in `text`, in UTC: `2026-12-01 08:00` is meant in `zone`, RFC 3339 as it says.

    A time that happens twice, when the clocks go back, means the first. MomentError for one inside the gap
    when they go forward.
    """
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MomentError(f"{text!r} is not a time; write it like 2026-12-01 08:00") from None
    if len(text.strip()) <= len("2026-12-01"):
        raise MomentError(f"{text!r} names a day but no time; write it like 2026-12-01 08:00")
    if typed.tzinfo is not None:
        return typed.astimezone(UTC)
    local = typed.replace(tzinfo=zone)
    # Only a time inside a gap comes back from UTC as another one.
    utc = local.astimezone(UTC)
    there_and_back = utc.astimezone(zone)
    if there_and_back.replace(tzinfo=None) != typed:
        raise MomentError(
            f"{text!r} does not exist in {zone.key}: the clocks go forward over it, to {there_and_back:%H:%M}"
        )
    return utc


def in_both_zones(moment: datetime, zone: ZoneInfo) -> str:
    """Return the time in `zone` and, unless that is the same, in UTC.

    `Tue 2026-12-01 08:00 WET (Europe/Lisbon) = 08:00 UTC`
    """
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    if f"{local:%Z}" == "UTC":
        return f"{utc:%a %Y-%m-%d %H:%M} UTC"
    day = "%Y-%m-%d %H:%M" if local.date() != utc.date() else "%H:%M"
    return f"{local:%a %Y-%m-%d %H:%M} {local:%Z} ({zone.key}) = {utc.strftime(day)} UTC"


@lru_cache(maxsize=1024)  # the moments of one batch of settlements, asked for by journal and ledger
def utc_text(moment: datetime) -> str:
    """Return `moment` (aware) as `2026-11-23T08:00:00.000Z`: fixed width, so text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
