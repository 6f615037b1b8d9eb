"""Whom a segment takes out of a send: counted, named, and kept as it stood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from members import TEST, join, part, shut_out
from sqlalchemy import event

from mailer.domain.address import Address
from mailer.domain.audience import Audience
from mailer.domain.segment.counted import Count, OnList
from mailer.domain.segment.named import KeptSegment, Segment
from mailer.domain.segment.values import Today
from mailer.domain.send import Send
from mailer.errors import UsageError
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.people.directory import Directory
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.lists import Lists
from mailer.people.segments.counting import count
from mailer.people.segments.grammar import SegmentError
from mailer.people.segments.stored import Segments, asked_for, known_to
from mailer.store.database import Database, open_database

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TODAY = Today(date(2026, 11, 29), ZoneInfo("Europe/Oslo"))
PEOPLE = {
    "ada@quay.example": {"city": "Oslo", "tags": "press"},
    "bram@quay.example": {"city": "oslo"},
    "cleo@quay.example": {"city": "Bergen"},
    "dag@quay.example": {},
    "left@quay.example": {"city": "Oslo"},
    "never@quay.example": {"city": "Bergen"},
}


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url, tmp_path)
    Lists(database).create("weekly", NOW)
    for email, fields in PEOPLE.items():
        join(database, email, "weekly", fields=fields, now=NOW)
    part(database, "left@quay.example", "weekly")
    shut_out(database, "never@quay.example")
    Segments(database).create(segment("oslo", 'city = "Oslo"'), TODAY)
    Segments(database).create(segment("mine", "segment:oslo and not tag:press"), TODAY)
    yield database
    database.dispose()


def segment(name: str, definition: str) -> Segment:
    return Segment(name, definition, "", NOW, NOW)


def audience_of(database: Database, chosen: str = "", *excluded: str) -> Audience:
    audience = Audience(("weekly",), segment=chosen, exclude_segments=excluded)
    return replace(audience, kept=Segments(database).keep(audience.segments, TODAY))


def begin(database: Database, audience: Audience) -> Send:
    ledger = Ledger(database)
    send = ledger.freeze("harbour", audience, subject="s", revision="r", template=b"t", now=NOW)
    ledger.proved(send, NOW)
    return ledger.reread(send)


def test_whom_segments_take_out_is_counted_by_the_reason(database: Database) -> None:
    audience = audience_of(database, "oslo", "tag:press")
    send = begin(database, audience)
    totals = LedgerQueries(database).totals(send)
    assert totals.audience == 1
    # Who left or is suppressed is so first, whatever segment they are in.
    assert totals.excluded == {
        "bounced": 1,
        "in segment tag:press": 1,
        "not in segment oslo": 2,
        "unsubscribed": 1,
    }
    assert LedgerQueries(database).discrepancies(send) == []
    assert [each.email for each in Ledger(database).frozen(send)] == ["bram@quay.example"]
    previewed = Ledger(database).preview("harbour", audience, again=True)
    assert sum(reason is None for _, reason in previewed) == 1


def test_a_send_keeps_the_definition_as_it_stood(database: Database) -> None:
    send = begin(database, audience_of(database, "mine"))
    Segments(database).change("oslo", NOW, TODAY, definition="city = Bergen")
    Segments(database).delete("mine")
    kept = Ledger(database).reread(send).audience.kept
    assert kept == (KeptSegment("mine", 'city = "Oslo" and not tag:press', TODAY.day, "Europe/Oslo"),)
    found = Ledger(database).find("harbour", Audience(("weekly",), segment="mine"))
    assert found == send
    with pytest.raises(UsageError, match="there is no segment mine"):
        audience_of(database, "mine")


def told(database: Database, who: str) -> str:
    events = [event.what for event in LedgerQueries(database).history(f"{who}@quay.example")]
    return next(what for what in events if what.startswith("harbour: not sent"))


def test_why_says_by_which_condition_and_whether_it_is_so_still(database: Database) -> None:
    begin(database, audience_of(database, "segment:oslo and (tag:press or list:weekly)", "tag:press"))
    asked = "not in segment segment:oslo and (tag:press or list:weekly)"
    for who, why in {
        "cleo": f'{asked}: city = "Oslo" does not hold as they are now (city is "Bergen")',
        "dag": f'{asked}: city = "Oslo" does not hold as they are now (city is not known)',
        "ada": "in segment tag:press: tag:press holds as they are now",
        "left": "unsubscribed",
    }.items():
        assert told(database, who) == f"harbour: not sent, {why}"
    join(database, "dag@quay.example", "weekly", fields={"city": "OSLO"})
    assert told(database, "dag").endswith(": as they are now, it would not take them out")


def test_the_same_audience_without_segments_is_written_as_before(database: Database) -> None:
    plain = Audience(("weekly", "daily"), ("press",))
    assert plain.canonical() == '{"exclude":["press"],"lists":["daily","weekly"]}'
    assert plain.text() == '{"exclude": ["press"], "lists": ["weekly", "daily"]}'
    picked = replace(plain, segment="oslo", exclude_segments=("b", "a"))
    assert Audience.parse(picked.canonical()).segments == (("oslo", False), ("a", True), ("b", True))
    assert Audience.parse(picked.text()) == picked
    assert picked.canonical() != plain.canonical()
    assert str(picked) == "lists weekly, daily, segment oslo without press, segment b, segment a"
    assert picked.whole == plain


def test_an_audience_whose_segments_were_not_looked_up_mails_nobody(database: Database) -> None:
    with pytest.raises(AssertionError):
        begin(database, Audience(("weekly",), segment="oslo"))


def test_a_segment_that_can_be_asked_no_more_mails_nobody(database: Database) -> None:
    audience = audience_of(database, "oslo")
    gone = replace(audience, kept=(replace(audience.kept[0], definition="list:daily"),))
    with pytest.raises(SegmentError, match="there is no list daily"):
        begin(database, gone)
    assert Ledger(database).sends() == []


def test_people_are_listed_by_segment_and_page_by_page(database: Database) -> None:
    weekly = Consent(tuple(Lists(database).ids(["weekly"])), TEST, NOW)
    everyone = [
        Entry(Address.parse(f"reader{number}@inbox.example"), {"city": "Oslo"} if number % 2 else {})
        for number in range(1100)
    ]
    with database.begin() as connection:
        enrol(connection, everyone, weekly)
    kept = Segments(database).keep((("oslo", False), ("tag:press", True)), TODAY)
    found = [each.email for each in Directory(database).subscribers("weekly", None, kept)]
    assert len(found) == len(Directory(database).ids("weekly", None, kept)) == 552
    assert "bram@quay.example" in found
    assert "ada@quay.example" not in found


def test_received_and_joined_go_by_the_moment_of_the_send(database: Database) -> None:
    audience = audience_of(database, "joined = today")
    tomorrow = replace(audience, kept=(replace(audience.kept[0], day=TODAY.day + timedelta(days=1)),))
    assert LedgerQueries(database).totals(begin(database, audience)).audience == 4
    with pytest.raises(StopIteration):
        people = Ledger(database).preview("quay", tomorrow)
        next(each for each, reason in people if reason is None)


def test_a_segment_is_counted_by_list_with_one_look_at_everybody(database: Database) -> None:
    Lists(database).create("daily", NOW)
    join(database, "left@quay.example", "daily", now=NOW)
    asked: list[tuple[Any, ...]] = []
    with database.connect() as connection:
        known = known_to(connection, TODAY)
        condition = asked_for('city = "Oslo" or email begins with "never"', known)
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told))
        found = count(connection, condition, known, NOW)
        explain = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
        plan = [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {asked[-1][2]}", asked[-1][3])]
    looks = [line for line in plan if re.search(r"scan (on )?subscribers\b", line, re.IGNORECASE)]
    assert len(looks) == 1, plan
    assert found == Count(4, 3, (OnList("daily", 1, 1), OnList("weekly", 4, 2)))
