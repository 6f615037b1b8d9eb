"""Times as people type them, across the changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mailer.domain.moment import MomentError, in_both_zones, parse_moment

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01 08:00", datetime(2026, 12, 1, 7, tzinfo=UTC)),
        ("2026-07-01 08:00", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ("2026-12-01T08:00:30", datetime(2026, 12, 1, 7, 0, 30, tzinfo=UTC)),
        ("2026-12-01T08:00:00Z", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T08:00:00-05:00", datetime(2026, 12, 1, 13, tzinfo=UTC)),
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # happens twice: the first
    ],
)
def test_a_time_is_meant_in_the_zone_unless_it_says_otherwise(text, expected):
    assert parse_moment(text, BERLIN) == expected


def test_a_time_that_the_clocks_skip_is_refused():
    with pytest.raises(MomentError, match="does not exist in Europe/Berlin"):
        parse_moment("2026-03-29 02:30", BERLIN)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-12-01", "2026-13-01 08:00", "8:00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(MomentError):
        parse_moment(text, BERLIN)


def test_both_zones_are_echoed_with_the_day_where_it_differs():
    assert in_both_zones(datetime(2026, 12, 1, 7, tzinfo=UTC), BERLIN) == (
        "Tue 2026-12-01 08:00 CET (Europe/Berlin) = 07:00 UTC"
    )
    assert in_both_zones(datetime(2026, 11, 30, 23, 30, tzinfo=UTC), BERLIN) == (
        "Tue 2026-12-01 00:30 CET (Europe/Berlin) = 2026-11-30 23:30 UTC"
    )
