"""Nine o'clock where each reader is, held against the clocks themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.local_time import LocalTime, Past, parse_wall

LISBON = ZoneInfo("Europe/Lisbon")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
TODAY = date(2026, 11, 28)
TWO_YEARS = st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2028-01-01"))


def nine(on: str = "2026-12-01", now: datetime = NOON, past: Past = Past.NEXT_DAY) -> LocalTime:
    return LocalTime(datetime.fromisoformat(f"{on} 09:00"), LISBON, now, past)


@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        ("Europe/Lisbon", "2026-12-01 09:00"),
        ("Asia/Kathmandu", "2026-12-01 03:15"),
        ("Pacific/Apia", "2026-11-30 20:00"),
        ("America/New_York", "2026-12-01 14:00"),
        ("Australia/Lord_Howe", "2026-11-30 22:00"),
        ("Pacific/Kiritimati", "2026-11-30 19:00"),
        (None, "2026-12-01 09:00"),
        ("", "2026-12-01 09:00"),
        ("Nowhere/Atlantis", "2026-12-01 09:00"),
        ("Europe", "2026-12-01 09:00"),
        ("../../etc/passwd", "2026-12-01 09:00"),
        ("\0", "2026-12-01 09:00"),
    ],
)
def test_it_is_the_time_where_the_reader_is(zone, utc):
    assert nine().at(zone) == datetime.fromisoformat(f"{utc}+00:00")


def test_where_it_is_past_it_is_the_next_day_or_at_once():
    late = nine("2026-11-28")  # noon in Lisbon, seven in New York
    assert late.at("Europe/Lisbon") == datetime(2026, 11, 29, 9, tzinfo=UTC)
    assert late.at("America/New_York") == datetime(2026, 11, 28, 14, tzinfo=UTC)
    at_once = nine("2026-11-28", past=Past.AT_ONCE)
    assert at_once.at("Europe/Lisbon") == NOON
    assert at_once.at("America/New_York") == datetime(2026, 11, 28, 14, tzinfo=UTC)
    # Long past, it is still no more than a day away.
    assert nine("2026-01-01").at("Pacific/Apia") == datetime(2026, 11, 28, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        ("2027-03-28 01:30", "Europe/Lisbon", "2027-03-28 01:30"),  # left out: by the clock from before
        ("2027-10-31 01:30", "Europe/Lisbon", "2027-10-31 00:30"),  # shown twice: the first time
        ("2027-10-03 02:15", "Australia/Lord_Howe", "2027-10-02 15:45"),  # half an hour is left out
        ("2011-12-30 09:00", "Pacific/Apia", "2011-12-30 19:00"),  # a day that there was none of
    ],
)
def test_clocks_that_are_moved(wall, zone, utc):
    before = datetime(2011, 1, 1, tzinfo=UTC)
    meant = LocalTime(datetime.fromisoformat(wall), LISBON, before)
    assert meant.at(zone) == datetime.fromisoformat(f"{utc}+00:00")


@given(
    st.sampled_from(sorted(available_timezones())),
    TWO_YEARS,
    TWO_YEARS,
)
def test_nobody_gets_it_in_the_past_or_more_than_a_day_late(zone, wall, now):
    meant = LocalTime(wall.replace(second=0, microsecond=0), LISBON, now.replace(tzinfo=UTC))
    at = meant.at(zone)
    assert at > meant.now
    assert meant.first <= at
    assert at <= max(meant.last, meant.now + timedelta(hours=26))
    shown = at.astimezone(ZoneInfo(zone))
    moved = timedelta(minutes=(shown.hour - wall.hour) * 60 + shown.minute - wall.minute)
    # But where the clocks left that time out, which they do by two hours at most.
    assert moved == timedelta() or timedelta() < moved % timedelta(days=1) <= timedelta(hours=2)


def test_how_many_go_when_is_counted_by_the_moment():
    zones = {"Europe/Lisbon": 3, "Europe/London": 2, None: 1, "Asia/Kathmandu": 4}
    assert nine().departures(zones) == {
        datetime(2026, 12, 1, 3, 15, tzinfo=UTC): 4,
        datetime(2026, 12, 1, 9, tzinfo=UTC): 6,
    }


def test_a_time_is_read_as_it_stands_on_a_clock():
    assert parse_wall("09:00", TODAY) == datetime.fromisoformat("2026-11-28 09:00")
    assert parse_wall(" 2026-12-01 09:30 ", TODAY) == datetime.fromisoformat("2026-12-01 09:30")


@pytest.mark.parametrize("text", ["", "9", "nine", "25:00", "2026-12-01", "2026-12-01T09:00Z", "09:00+01:00"])
def test_what_is_no_time_of_the_day_is_refused(text):
    with pytest.raises(ValueError, match='write it like "09:00"'):
        parse_wall(text, TODAY)
