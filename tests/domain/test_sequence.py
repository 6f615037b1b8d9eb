"""When steps go, by the clocks of five places, and to whom: reckoned, nothing kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.domain.sequence import (
    MemberPosition,
    MemberState,
    SequencePlan,
    SequenceStart,
    SequenceStep,
    StartKind,
    new_steps,
    onward,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NINE = time(9)
PLACES = [
    "Europe/Lisbon",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/New_York",
]


def step(key: str, days: float = 0, at: time | None = None, only: str = "") -> SequenceStep:
    return SequenceStep(key, timedelta(days=days), at, only)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("year", [2011, 2026])  # Apia left out the 30th of December in 2011
def test_each_day_of_a_year_it_is_nine_there_or_as_near_as_clocks_let_it_be(place, year):
    zone = ZoneInfo(place)
    since = datetime(year, 1, 1, 3, 17, tzinfo=UTC)
    every = step("tide", 1, NINE)
    seen = set()
    while since.year == year:
        due = every.due(since, zone)
        local = due.astimezone(zone)
        assert due > since
        assert local.time() == NINE
        assert due - since <= 2 * DAY + HOUR
        assert local.date() not in seen
        seen.add(local.date())
        since = due
    missing = {date(2011, 12, 30)} if (place, year) == ("Pacific/Apia", 2011) else set()
    days = {min(seen) + number * DAY for number in range((max(seen) - min(seen)).days + 1)}
    assert days - seen == missing


@pytest.mark.parametrize(
    ("place", "began", "after", "at", "goes"),
    [
        # Lisbon leaves out 01:00 to 02:00 on 29 March: it comes an hour later.
        ("Europe/Lisbon", "2026-03-28T01:30+00:00", 1, None, "2026-03-29T01:30+00:00"),
        ("Europe/Lisbon", "2026-03-28T10:00+00:00", 1, time(1, 30), "2026-03-29T01:30+00:00"),
        ("Europe/Lisbon", "2026-03-28T10:00+00:00", 2, None, "2026-03-30T09:00+00:00"),
        # and shows it twice on 25 October: the first time.
        ("Europe/Lisbon", "2026-10-24T09:00+00:00", 1, time(1, 30), "2026-10-25T00:30+00:00"),
        # Lord Howe puts its clocks back by half an hour on 5 April.
        ("Australia/Lord_Howe", "2026-04-04T00:00+00:00", 1, NINE, "2026-04-04T22:30+00:00"),
        ("Australia/Lord_Howe", "2026-04-03T00:00+00:00", 1, NINE, "2026-04-03T22:00+00:00"),
        ("Asia/Kathmandu", "2026-11-28T08:00+00:00", 3, NINE, "2026-12-01T03:15+00:00"),
        ("America/New_York", "2026-03-07T15:00+00:00", 1, None, "2026-03-08T14:00+00:00"),
        # Hours are hours, whatever clocks do.
        ("America/New_York", "2026-03-08T05:00+00:00", 5 / 24, None, "2026-03-08T10:00+00:00"),
        # Without a day between it is the next nine o'clock, this one too.
        ("Asia/Kathmandu", "2026-11-28T03:15+00:00", 0, NINE, "2026-11-28T03:15+00:00"),
        ("Asia/Kathmandu", "2026-11-28T03:16+00:00", 0, NINE, "2026-11-29T03:15+00:00"),
        ("Asia/Kathmandu", "2026-11-28T02:00+00:00", 2 / 24, NINE, "2026-11-29T03:15+00:00"),
        # The day that Apia left out.
        ("Pacific/Apia", "2011-12-29T20:00+00:00", 1, NINE, "2011-12-30T19:00+00:00"),
    ],
)
def test_a_step_goes_when_it_is_that_time_where_the_reader_is(place, began, after, at, goes):
    due = step("tide", after, at).due(datetime.fromisoformat(began), ZoneInfo(place))
    assert due == datetime.fromisoformat(goes)


def test_whoever_stands_at_a_step_gets_none_that_is_put_in_before_it():
    plan = SequencePlan((step("hello"), step("quay", 1), step("tide", 2)))
    assert plan.after(()) == plan.steps[0]
    assert plan.after({"hello"}) == plan.steps[1]
    more = SequencePlan((step("hello"), step("map", 1), step("quay", 1), step("boat", 1), step("tide", 2)))
    assert more.after({"hello", "quay"}) == step("boat", 1)
    assert more.after({"hello", "quay", "boat", "tide"}) is None
    assert more.after({"gone"}) == step("hello")
    assert new_steps(plan.data(), more) == ["map", "boat"]
    assert new_steps(more.data(), plan) == []


def test_a_timeline_adds_up():
    plan = SequencePlan((step("hello"), step("quay", 3, NINE), step("tide", 7)))
    began = datetime(2026, 3, 27, 10, tzinfo=UTC)
    times = [each.at for each in plan.timeline(began, ZoneInfo("Europe/Lisbon"))]
    assert times == [
        began,
        datetime(2026, 3, 30, 8, tzinfo=UTC),
        datetime(2026, 4, 6, 8, tzinfo=UTC),
    ]


NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
PLAN = SequencePlan((step("hello"), step("quay", 1, only="boat"), step("tide", 1)))


def decided(settled: str = "", since: datetime = NOW, inside: str = "", goal: str = "", **more: object):
    who = MemberPosition(since, ZoneInfo("UTC"), frozenset(settled.split()), **more)
    return onward(PLAN, who, inside.split().__contains__, goal, NOW)


def keys(onward) -> list[tuple[str, str]]:
    return [(step.key, why) for step, why in onward.settled]


def test_one_mail_goes_at_a_time_and_the_next_is_due_after_it():
    first = decided()
    assert (first.state, keys(first), first.since, first.next_at) == (
        MemberState.ACTIVE,
        [("hello", "")],
        NOW,
        NOW + DAY,
    )
    early = decided("hello", NOW - HOUR)
    assert (keys(early), early.since, early.next_at) == ([], NOW - HOUR, NOW + 23 * HOUR)


def test_who_is_not_in_the_segment_is_passed_by_and_goes_on_from_then():
    passed = decided("hello", NOW - DAY)
    assert keys(passed) == [("quay", "not in segment boat")]
    assert passed.next_at == NOW + DAY
    assert keys(decided("hello", NOW - DAY, inside="boat")) == [("quay", "")]


def test_after_the_last_step_it_is_over():
    last = decided("hello quay", NOW - DAY)
    assert (keys(last), last.state, last.next_at) == ([("tide", "")], MemberState.FINISHED, None)


@pytest.mark.parametrize(
    ("more", "state", "reason"),
    [
        ({"gone": "unsubscribed"}, MemberState.LEFT, "unsubscribed"),
        ({"goal": "member", "inside": "member"}, MemberState.GOAL, "in segment member"),
        ({"gone": "unsubscribed", "pausing": NOW + DAY}, MemberState.LEFT, "unsubscribed"),
    ],
)
def test_who_left_or_is_where_they_should_be_gets_nothing(more, state, reason):
    found = decided(**more)
    assert (found.settled, found.state, found.reason, found.next_at) == ((), state, reason, None)


def test_who_pauses_waits():
    found = decided(pausing=NOW + 9 * DAY)
    assert (found.settled, found.state, found.next_at) == ((), MemberState.ACTIVE, NOW + 9 * DAY)


def test_while_a_letter_waits_the_next_waits_to_be_so_long_after_it():
    found = decided("hello", NOW - 9 * DAY, waits=True)
    assert (keys(found), found.state, found.since) == ([], MemberState.ACTIVE, NOW)
    assert NOW < found.next_at < NOW + HOUR
    assert decided("hello quay tide", waits=True).state == MemberState.FINISHED
    assert decided("hello", waits=True, gone="unsubscribed").state == MemberState.LEFT


def test_what_is_for_a_day_is_of_no_use_on_another():
    late = decided("hello quay", NOW - 3 * DAY, by_date=True)
    assert (keys(late), late.state) == ([("tide", "too late")], MemberState.FINISHED)
    assert keys(decided("hello quay", NOW - 3 * DAY)) == [("tide", "")]


BIRTHDAY = SequenceStart(StartKind.DATE, "birthday", each_year=True)
RENEWAL = SequenceStart(StartKind.DATE, "renewal", before=7)


def test_who_was_born_on_a_leap_day_begins_on_the_28th_where_there_is_none():
    assert BIRTHDAY.days(date(2027, 2, 28)) == {date(2027, 2, 28): ("02-28", "02-29")}
    assert BIRTHDAY.days(date(2028, 2, 28)) == {date(2028, 2, 28): ("02-28",)}
    assert BIRTHDAY.days(date(2028, 2, 29)) == {date(2028, 2, 29): ("02-29",)}
    assert BIRTHDAY.still_on("2027-02-28", "1992-02-29")
    assert not BIRTHDAY.still_on("2028-02-28", "1992-02-29")


def test_a_date_counts_as_it_stands():
    assert RENEWAL.days(date(2026, 12, 25)) == {date(2027, 1, 1): ("2027-01-01",)}
    assert RENEWAL.still_on("2027-01-01", "2027-01-01")
    assert not RENEWAL.still_on("2027-01-01", "2028-01-01")
    assert not RENEWAL.still_on("2027-01-01", None)


@pytest.mark.parametrize(
    ("start", "text"),
    [
        (BIRTHDAY, "on birthday, each year"),
        (RENEWAL, "7 days before renewal"),
        (SequenceStart(StartKind.TAG, "press"), "tag press"),
        (SequenceStart(StartKind.CONFIRMATION), "confirmation"),
    ],
)
def test_how_it_begins_is_said_in_words(start, text):
    assert start.text() == text
