"""Definitions of segments: written, read again, and what is said of those that can't be meant."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from segment_samples import CONDITIONS, LISTS, TODAY, TYPES
from sqlalchemy.dialects import sqlite

from mailer.domain.field import FieldType
from mailer.domain.segment.conditions import Compare, Condition, Literal, Op, Spelling
from mailer.domain.segment.holding import Person, Terms, holds, share_of
from mailer.domain.segment.values import Today, read_value
from mailer.domain.segment.vocabulary import RESERVED
from mailer.domain.segment.words import in_plain_words, known_of, smallest
from mailer.domain.segment.writing import written
from mailer.domain.suppression import Kind
from mailer.people.segments.checking import Known, read
from mailer.people.segments.grammar import DEEPEST, MOST, SegmentError, parse
from mailer.people.segments.statement import Statement
from mailer.people.suppressing import Suppressing

KNOWN = Known(
    TYPES,
    LISTS,
    {
        "oslo": 'city = "Oslo"',
        "south": "segment:oslo or tag:south",
        "broken": "ctiy = 1",
        "round": "segment:again",
        "again": "segment:round",
    },
    TODAY,
    lambda name: ['"Oslo"', '"Bergen"'] if name == "city" else ["12", "40"],
)  # fmt: skip


@given(CONDITIONS)
def test_what_is_written_is_read_as_the_same(condition: Condition) -> None:
    assert parse(written(condition)) == condition
    assert read(written(condition), KNOWN) == condition


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("CITY = Oslo AND Tag:press", "city = Oslo and tag:press"),
        ("member_since before 2020-01-01", "member_since < 2020-01-01"),
        ("city not in (a,b)", "not city in (a, b)"),
        ("paid is not true", "not paid is true"),
        ("city = 'it\\'s \"so\"'", 'city = "it\'s \\"so\\""'),
        ("((bounced))", "bounced"),
        ("joined > 90  days\nago # late", "joined > 90 days ago"),
        ("received  'harbour'", 'received "harbour"'),
        ("random  10 %", "random 10%"),
        ("city in (is, not, in, and, Oslo)", "city in (is, not, in, and, Oslo)"),
        ("field:is = is", "field:is = is"),
        ('field:"city" = pt-BR', "city = pt-BR"),
        ("tag: 'ice house'", 'tag:"ice house"'),
    ],
)
def test_there_are_several_ways_to_type_the_same(typed: str, same: str) -> None:
    assert written(parse(typed)) == same


WRONG = [
    ("citty = Oslo", "column 1: there is no field citty\n  citty = Oslo\n  ^^^^^", "Did you mean city?"),
    ("donated = much", "'much' is not a number", "donated has values such as: 12, 40"),
    ("donated > 1234567890123456", "15 figures at most", "donated has values"),
    ("paid = yes", "paid is true or false, of which nobody can ask: =", "is true, is false, is empty"),
    ("city > a", "city is a text, of which nobody can ask: >", "begins with"),
    ("boats = sloop", "boats is a list, of which nobody can ask: =", "contains"),
    ("member_since > 2026-13-01", "'2026-13-01' is not a day", None),
    ("member_since between today and 1d ago", "nothing is between", None),
    ("joined is today", "has come once", "joined = today"),
    ("list:wekly", "there is no list wekly\n  list:wekly\n  ^^^^^^^^^^", "Did you mean list:weekly?"),
    ("segment:ice", "there is no segment ice", "mailer segments list"),
    ("tag:a and segment:broken", "column 11: in segment broken: there is no field", "Did you mean city?"),
    ("segment:round", "a segment can't be part of itself: round -> again -> round", None),
    ("bounced last 3", "bounced is not of an issue", None),
    ("received", "received what?", "received last 3"),
    ("received harbour", "the name of an issue in quotes", None),
    ("received last 0", "so many issues are none", None),
    ("random 0%", "more than 0 % and less than 100 %", None),
    ("city == Oslo", "'==' can't stand here; what can is a comparison", "Write: ="),
    ("city Oslo", "'Oslo' can't stand here; what can is a comparison", None),
    ("city starts with a", "'starts' can't stand here", "Write: begins with"),
    ("city is nul", "one of true, false, empty, known, today", None),
    ("city = ", "column 7: there is more to come: a value", None),
    ("(bounced", "a closing parenthesis", None),
    ("bounced adn city = a", "'adn' can't stand here", "Did you mean and?"),
    ("list:weekly list:monthly", '"and", "or" or the end', None),
    ("city in Oslo", "values in parentheses", None),
    ("city = “Oslo”", "a text in quotes doesn't end, or is in others", None),
    ('city = "Oslo', "a text in quotes doesn't end", None),
    ("", "a condition, such as", None),
    ("bounced and\n  ciyt = a", "line 2, column 3: there is no field ciyt\n    ciyt = a\n    ^^^^", "city"),
    ("城市 = a", "there is no field 城市\n  城市 = a\n  ^^^^", None),
    ("not " * (DEEPEST + 1) + "bounced", "inside one another", "segment:NAME"),
    ("not " * 4000 + "bounced", "inside one another", "segment:NAME"),
    (" or ".join(["bounced"] * (MOST + 1)), "conditions at most", "segment:NAME"),
    ("bounced " * 3000, "characters at most", None),
    ("joined > 9999y ago", "further away than there are days", None),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "problem", "step"), WRONG, ids=[each[0][:40] for each in WRONG])
def test_what_is_wrong_is_shown_where_it_stands(definition: str, problem: str, step: str | None) -> None:
    with pytest.raises(SegmentError) as raised:
        read(definition, KNOWN)
    assert problem in raised.value.problem
    assert step is None or step in (raised.value.next_step or "")


def test_an_error_says_which_segment_it_is_about() -> None:
    with pytest.raises(SegmentError, match="segment north, column 1: there is no field town"):
        read("town = a", KNOWN, "north")


def test_other_segments_stand_in_it_as_they_are() -> None:
    assert written(read("not segment:south", KNOWN)) == 'not (city = "Oslo" or tag:south)'


def day(text: str, today: str) -> date:
    spelling = Spelling.AWAY if " " in text else Spelling.WORD
    found = read_value(
        Literal(text, spelling), FieldType.DATE, Today(date.fromisoformat(today), ZoneInfo("UTC"))
    )
    assert isinstance(found, date)
    return found


@pytest.mark.parametrize(
    ("text", "today", "is_day"),
    [
        ("today", "2026-11-29", "2026-11-29"),
        ("90d ago", "2026-11-29", "2026-08-31"),
        ("2 weeks ahead", "2026-12-25", "2027-01-08"),
        ("1 month ago", "2026-03-31", "2026-02-28"),
        ("13m ago", "2026-01-15", "2024-12-15"),
        ("4y ago", "2028-02-29", "2024-02-29"),
        ("1y ahead", "2028-02-29", "2029-02-28"),
    ],
)
def test_days_are_counted_by_the_calendar(text: str, today: str, is_day: str) -> None:
    assert day(text, today).isoformat() == is_day


def test_who_was_born_on_a_leap_day_has_a_birthday_every_year() -> None:
    def days(today: str) -> tuple[str, ...]:
        return Today(date.fromisoformat(today), ZoneInfo("UTC")).anniversaries()

    assert days("2027-02-28") == ("02-28", "02-29")
    assert days("2028-02-28") == ("02-28",)
    assert days("2028-02-29") == ("02-29",)
    assert days("2027-03-01") == ("03-01",)


def test_a_share_is_as_large_as_it_says_and_independent_of_another_seed() -> None:
    people = range(1, 100_001)
    a, b = (share_of(parse(f'random 10% seed "{seed}"')) for seed in "ab")  # type: ignore[arg-type]
    drawn, other = ({each for each in people if share.holds(each)} for share in (a, b))
    # Always the same: by no chance of the day.
    assert abs(len(drawn) - 10_000) < 400
    assert abs(len(drawn & other) - 1_000) < 150
    twice = share_of(parse('random 20% seed "a"'))  # type: ignore[arg-type]
    assert all(map(twice.holds, drawn))


TERMS = Terms(TYPES, TODAY, ("quay", "harbour"))
BRAM = Person(7, {"city": "Bergen", "tags": ("crew",), "paid": False}, frozenset(["weekly"]))


@pytest.mark.parametrize(
    ("definition", "decides", "known"),
    [
        ('city = "Oslo" and tag:press', 'city = "Oslo"', 'city is "Bergen"'),
        ("list:weekly and not (tag:crew or tag:press)", "not tag:crew", ""),
        ("list:weekly and (city = Oslo or tag:press)", "city = Oslo or tag:press", ""),
        ("donated > 5", "donated > 5", "donated is not known"),
        ("not (city = Bergen and paid is true)", "not paid is true", 'paid is "no"'),
        ("paid is false or bounced", "paid is false", 'paid is "no"'),
    ],
)
def test_the_smallest_condition_that_decides_is_found(definition: str, decides: str, known: str) -> None:
    found = smallest(parse(definition), BRAM, TERMS)
    assert written(found) == decides
    assert holds(found, BRAM, TERMS) is holds(parse(definition), BRAM, TERMS)
    assert known_of(found, BRAM) == known


@given(CONDITIONS)
@example(Compare("city", Op.NE, Literal("Oslo", Spelling.WORD)))
def test_the_smallest_condition_agrees_with_the_whole(condition: Condition) -> None:
    assert holds(smallest(condition, BRAM, TERMS), BRAM, TERMS) is holds(condition, BRAM, TERMS)
    assert in_plain_words(condition, TERMS)


def test_words_of_the_language_can_name_fields() -> None:
    for word in sorted(RESERVED):
        typed = f"field:{word} = a"
        assert written(parse(typed)) == typed


def test_what_costs_little_or_holds_of_few_is_asked_first() -> None:
    typed = (
        'received "harbour" and (paid is true or donated > 1) and not tag:press'
        " and city in (Oslo, Bergen) and language = nb"
    )
    where = Statement(TYPES, TODAY, Suppressing(frozenset({Kind.ADDRESS}))).where(read(typed, KNOWN))
    sql = str(where.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    asked = ["language", "city", "tags", "donated", "outcomes"]
    places = [sql.index(each) for each in asked]
    assert places == sorted(places), sql
