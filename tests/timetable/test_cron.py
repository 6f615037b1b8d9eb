"""Cron expressions, held against a model that looks at the clock every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.timetable.cron import Cron, CronError

START = datetime(2027, 1, 1, 12, tzinfo=UTC)
# Where clocks do what is hard: an hour, half an hour, no whole hours, a day left out, the other hemisphere.
ZONES = ["Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/New_York", "UTC"]
CHANGES = [
    datetime(2027, 3, 27, 12, tzinfo=UTC),
    datetime(2027, 4, 3, 6, tzinfo=UTC),
    datetime(2027, 10, 2, 6, tzinfo=UTC),
    datetime(2027, 10, 30, 12, tzinfo=UTC),
    datetime(2027, 3, 13, 18, tzinfo=UTC),
    datetime(2027, 11, 6, 18, tzinfo=UTC),
    datetime(2011, 12, 29, 0, tzinfo=UTC),
]


def local(text: str, zone: str, start: datetime = START, count: int = 4) -> list[str]:
    there = ZoneInfo(zone)
    return [f"{each.astimezone(there):%a %m-%d %H:%M}" for each in Cron(text, there).next(start, count)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 8 * * MON", ["Mon 01-04 08:00", "Mon 01-11 08:00"]),
        ("0 8 * * 1", ["Mon 01-04 08:00", "Mon 01-11 08:00"]),
        ("0 8 * * 0", ["Sun 01-03 08:00", "Sun 01-10 08:00"]),
        ("0 8 * * 7", ["Sun 01-03 08:00", "Sun 01-10 08:00"]),
        ("0 8 * * fri-mon", ["Sat 01-02 08:00", "Sun 01-03 08:00", "Mon 01-04 08:00", "Fri 01-08 08:00"]),
        ("0 8 * * 5-7", ["Sat 01-02 08:00", "Sun 01-03 08:00", "Fri 01-08 08:00"]),
        ("0 8 * * */2", ["Sat 01-02 08:00", "Sun 01-03 08:00", "Tue 01-05 08:00", "Thu 01-07 08:00"]),
        # As crontab(5) has it: either, where both are restricted.
        ("0 8 13 * FRI", ["Fri 01-08 08:00", "Wed 01-13 08:00", "Fri 01-15 08:00"]),
        ("15,45 9-10 * * *", ["Sat 01-02 09:15", "Sat 01-02 09:45", "Sat 01-02 10:15"]),
        ("0 0 29 feb *", ["Tue 02-29 00:00"]),
        ("@weekly", ["Sun 01-03 00:00", "Sun 01-10 00:00"]),
        ("@Monthly", ["Mon 02-01 00:00"]),
    ],
)
def test_the_times_are_those_of_crontab(text, first):
    assert local(text, "Europe/Lisbon", count=len(first)) == first


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no cron expression"),
        ("0 8 * *", "is no cron expression"),
        ("0 25 * * *", r"the last value \(25\) is higher"),
        ("0 8 31 2 *", "never comes"),
        ("0 8 * * FOO", "'foo' is no weekday"),
        ("0 8 * * 8", "'8' is no weekday"),
        ("0 8 * * mon-", "'mon-' is no weekday"),
        ("0 8 * * 1/0", "'1/0' is no weekday"),
        ("@reboot", "is no cron expression"),
        ("0 8 * * 1;", "'1;' is no weekday"),
    ],
)
def test_what_is_none_is_refused(text, problem):
    with pytest.raises(CronError, match=problem):
        Cron(text, ZoneInfo("UTC"))


def test_a_time_that_the_clocks_leave_out_comes_all_the_same_and_one_shown_twice_once():
    assert local("30 1 * * *", "Europe/Lisbon", datetime(2027, 3, 27, 12, tzinfo=UTC), 2) == [
        "Sun 03-28 02:30",
        "Mon 03-29 01:30",
    ]
    there = ZoneInfo("Europe/Lisbon")
    again = Cron("30 1 * * *", there).next(datetime(2027, 10, 30, 12, tzinfo=UTC), 2)
    assert again == [datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 11, 1, 1, 30, tzinfo=UTC)]
    # Samoa had no 30 December 2011.
    assert local("0 8 * * *", "Pacific/Apia", datetime(2011, 12, 29, 0, tzinfo=UTC), 3) == [
        "Thu 12-29 08:00",
        "Sat 12-31 08:00",
        "Sun 01-01 08:00",
    ]


def model(
    minutes: set[int], hours: set[int], zone: ZoneInfo, start: datetime, until: datetime
) -> list[datetime]:
    """Return when these come: each minute on the wall once a day, by the clock from before a change."""
    found = set()
    day = (start - timedelta(days=2)).astimezone(zone).date()
    while datetime(day.year, day.month, day.day, tzinfo=UTC) < until + timedelta(days=2):
        for hour in hours:
            for minute in minutes:
                found.add(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC))
        day += timedelta(days=1)
    return sorted(each for each in found if start < each <= until)


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(0, 59), min_size=1, max_size=3),
    st.sets(st.integers(0, 23), min_size=1, max_size=3),
    st.sampled_from(ZONES),
    st.sampled_from(CHANGES),
    st.integers(0, 2000),
)
def test_whatever_the_clocks_do_each_time_comes_once(minutes, hours, zone, change, later):
    start = change + timedelta(minutes=later)
    there = ZoneInfo(zone)
    expected = model(minutes, hours, there, start, start + timedelta(days=2))
    cron = Cron(f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *", there)
    assert cron.next(start, len(expected)) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_mornings_has_one_for_each_day(zone):
    there = ZoneInfo(zone)
    mornings = Cron("0 8 * * *", there).next(datetime(2027, 1, 1, 8, tzinfo=there).astimezone(UTC), 365)
    assert [each.astimezone(there).strftime("%H:%M") for each in mornings] == ["08:00"] * 365
    assert len({each.astimezone(there).date() for each in mornings}) == 365
