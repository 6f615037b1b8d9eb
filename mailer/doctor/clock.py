"""The clock of this machine, held against those that were heard on the way. Nobody is asked for the time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from mailer.doctor.result import Result, error, ok, skipped, warning

# RFC 5322 3.3, with the time zone as a number: what Exim and Sendmail say in their greeting.
_DATE = re.compile(r"(?:\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
NOTICEABLE = timedelta(seconds=60)
WRONG = timedelta(minutes=5)
STEP = "Let the machine keep its time by the network: timedatectl set-ntp true"


def date_in(greeting: str) -> datetime | None:
    """Return the moment that a mail server's greeting names; None if it names none."""
    match = _DATE.search(greeting)
    return parsedate_to_datetime(match[0]) if match else None


def judge_clock(ahead: Mapping[str, timedelta]) -> Result:
    """Say how far this machine's clock is ahead of others, by who they are."""
    name = "machine.clock"
    if not ahead:
        return skipped(name, "no clock but this machine's own was seen")
    who, most = max(ahead.items(), key=lambda each: abs(each[1]))
    seconds = round(most.total_seconds())
    text = f"{abs(seconds):,} s {'ahead of' if seconds >= 0 else 'behind'} {who}"
    if abs(most) <= NOTICEABLE:
        return ok(name, text)
    # RFC 6376 3.5: a verifier may ignore a signature from the future; certificates and schedules suffer too.
    why = "DKIM signatures, certificates and schedules go by this clock"
    return (error if abs(most) > WRONG else warning)(name, f"{text}; {why}", STEP)


def judge_zone(zone: str, now: datetime, origin: str) -> Result:
    """Say what time it is in the zone in which typed times are meant."""
    here = now.astimezone(UTC)
    there = f"{now:%Y-%m-%d %H:%M %Z}"
    utc = "" if zone == "UTC" else f", {here:%H:%M} UTC"
    return ok("machine.time-zone", f"{zone}, from {origin}: it is {there}{utc}")
