"""Stretches of time, typed and read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailer.durations import about, parse_duration


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("30m", 1800),
        ("45 s", 45),
        ("1h 30m", 5400),
        ("1h30m", 5400),
        ("3 days", 259200),
        ("2 weeks, 1 day", 15 * 86400),
        ("20 MIN", 1200),
        ("0m", 0),
    ],
)
def test_a_time_is_read_as_people_write_it(typed, seconds):
    assert parse_duration(typed) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "typed", ["", "30", "m", "1 fortnight", "-3d", "3d ago", "1h30", "1.5h", "9999999d", "s"]
)
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(ValueError, match="write it like 30m, 2h or 3d"):
        parse_duration(typed)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "now"),
        (0.9, "now"),
        (12, "in 12 min"),
        (180, "in 3 h"),
        (195, "in 3 h 15 min"),
        (-5, "5 min ago"),
        (1440, "in 1 day"),
        (4 * 1440 + 61, "in 4 days 1 h"),
        (2 * 1440 + 5, "in 2 days"),
    ],
)
def test_how_long_until_then(minutes, words):
    assert about(timedelta(minutes=minutes)) == words
