"""Conditions and people made up by Hypothesis, of fields that all have in common."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from mailer.domain.field import FieldType
from mailer.domain.segment.conditions import (
    All,
    Between,
    Compare,
    Condition,
    Either,
    Happened,
    Is,
    Label,
    Labelled,
    Literal,
    Not,
    OneOf,
    Quality,
    Random,
    Spelling,
)
from mailer.domain.segment.values import Today, read_value
from mailer.domain.segment.vocabulary import COMPARISONS, OWN_TYPES, QUALITIES

TODAY = Today(date(2026, 2, 28), ZoneInfo("Europe/Oslo"))
DECLARED = {
    "city": FieldType.TEXT,
    "is": FieldType.TEXT,  # a word of the language
    "donated": FieldType.NUMBER,
    "paid": FieldType.BOOLEAN,
    "member_since": FieldType.DATE,
    "joined": FieldType.DATE,
    "boats": FieldType.LIST,
}
TYPES = {("field:joined" if name == "joined" else name): kind for name, kind in DECLARED.items()} | OWN_TYPES
LISTS = ("weekly", "monthly")
SLUGS = ("harbour", "quay", "mole", "buoy")

# Letters whose case is not a matter of ASCII, quotes, and what means something to SQL or JSON.
TEXTS = st.one_of(
    st.sampled_from(
        ["Oslo", "OSLO", "oslo", "Ålesund", "åLESUND", "A\u030alesund", "ΟΔΟΣ", "οδος", "straße", "STRASSE"]
    ),
    st.sampled_from(
        ["", "%", "_", "a%", '"', "\\", "'", '["press"]', "press", "[]", "true", "null", "12", "\u212a", "k"]
    ),
    st.text(st.sampled_from('aAbBåÅøØæÆßẞσςΣ\u0130ı "\\%_,;[]'), max_size=4),
)
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.integers(-(10**20), 10**20),
    st.sampled_from([0.1, 0.5, -2.5, 1.0, 12.1, 1e22, 9007199254740993, 10**14 + 1]),
)
DAYS = st.one_of(
    st.sampled_from(
        [date(2026, 2, 28), date(2024, 2, 29), date(1980, 2, 28), date(2025, 2, 28), date(2026, 3, 1)]
    ),
    st.dates(date(2025, 12, 1), date(2026, 3, 5)),
)
MOMENTS = st.integers(0, 62 * 24 * 60).map(
    lambda minutes: datetime(2025, 12, 30, tzinfo=UTC) + timedelta(minutes=minutes)
) | st.sampled_from(
    [
        TODAY.begins(TODAY.day + timedelta(days=n)) + timedelta(milliseconds=m)
        for n in (-90, -1, 0, 1)
        for m in (-1, 0)
    ]
)

VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.TEXT: TEXTS,
    FieldType.NUMBER: NUMBERS,
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: DAYS.map(date.isoformat),
    FieldType.LIST: st.lists(TEXTS, max_size=3),
}


def _number(value: float) -> bool:
    return "e" not in str(value) and sum(char.isdigit() for char in str(value)) <= 15


WRITTEN_TEXTS = TEXTS.map(lambda text: Literal(text, Spelling.TEXT)) | st.sampled_from(
    ["Oslo", "is", "and", "pt-BR", "ÅLESUND", "bounced", "a@b.example"]
).map(lambda text: Literal(text, Spelling.WORD))
WRITTEN: dict[FieldType, st.SearchStrategy[Literal]] = {
    FieldType.TEXT: WRITTEN_TEXTS,
    FieldType.LIST: WRITTEN_TEXTS,
    FieldType.NUMBER: NUMBERS.filter(_number).map(lambda value: Literal(str(value), Spelling.NUMBER)),
    FieldType.DATE: st.one_of(
        DAYS.map(lambda day: Literal(day.isoformat(), Spelling.DAY)),
        st.sampled_from(["90d ago", "1 day ago", "2 weeks ahead", "1y ago", "3 months ago", "0d ago"]).map(
            lambda text: Literal(text, Spelling.AWAY)
        ),
        st.just(Literal("today", Spelling.WORD)),
    ),
}


@st.composite
def said_of_fields(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(sorted(TYPES)))
    kind = TYPES[name]
    ways: list[type[Condition]] = [Is]
    ways += [Compare] if COMPARISONS[kind] else []
    ways += [Between] if kind in (FieldType.NUMBER, FieldType.DATE) else []
    ways += [OneOf] if kind in (FieldType.TEXT, FieldType.NUMBER, FieldType.DATE) else []
    way = draw(st.sampled_from(ways))
    if way is Is:
        qualities = [each for each in QUALITIES[kind] if (name, each) != ("joined", Quality.TODAY)]
        return Is(name, draw(st.sampled_from(qualities)))
    if way is Compare:
        return Compare(name, draw(st.sampled_from(COMPARISONS[kind])), draw(WRITTEN[kind]))
    if way is OneOf:
        return OneOf(name, tuple(draw(st.lists(WRITTEN[kind], min_size=1, max_size=3))))
    low, high = sorted(
        (draw(WRITTEN[kind]), draw(WRITTEN[kind])), key=lambda each: read_value(each, kind, TODAY)
    )
    return Between(name, low, high)


SINGLE = st.one_of(
    said_of_fields(),
    said_of_fields(),
    st.builds(Labelled, st.just(Label.TAG), TEXTS.filter(bool)),
    st.builds(Labelled, st.just(Label.LIST), st.sampled_from(LISTS)),
    st.builds(Happened, st.just("received"), st.sampled_from([*SLUGS, "never"])),
    st.builds(lambda last: Happened("received", last=last), st.integers(1, 5)),
    st.just(Happened("bounced")),
    st.builds(
        Random, st.sampled_from(["10", "0.5", "50", "99.999"]), st.sampled_from(["", "b", 'the "other"'])
    ),
)
CONDITIONS = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Either(tuple(parts))),
    ),
    max_leaves=6,
)
