"""The conditions of a segment, as they are written: a tree of frozen values that knows no types yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple


class Span(NamedTuple):
    """Which characters of a definition, from 0, the end excluded."""

    start: int
    end: int


NOWHERE = Span(0, 0)


class Spelling(StrEnum):
    """How a value is written; what it means is for the type of its field to say."""

    TEXT = "text"  # in quotes
    WORD = "word"
    NUMBER = "number"
    DAY = "day"  # 2026-11-29
    AWAY = "away"  # 90d ago, 2 weeks ahead


class Op(StrEnum):
    """How a field is compared; the value is how that is written."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    CONTAINS = "contains"
    BEGINS = "begins with"
    ENDS = "ends with"


class Quality(StrEnum):
    """What a field can be said to be."""

    TRUE = "true"
    FALSE = "false"
    EMPTY = "empty"
    KNOWN = "known"
    TODAY = "today"  # a day of this month and day, in whatever year


class Label(StrEnum):
    """What is named with a colon."""

    TAG = "tag"
    LIST = "list"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written, without its quotes."""

    text: str
    spelling: Spelling
    at: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds for a person or doesn't; `at` is where it is written."""

    at: Span = field(default=NOWHERE, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Each of its parts, of which there are two at least, holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either(Condition):
    """One of its parts at least, of which there are two at least, holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """What it is about doesn't hold: for exactly those for whom it doesn't."""

    part: Condition


@dataclass(frozen=True, slots=True)
class About(Condition):
    """What is said of one field, by its `name`: `field:` stands before one that has a word of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare(About):
    """A field compared with a value."""

    op: Op
    value: Literal


@dataclass(frozen=True, slots=True)
class Between(About):
    """A field is not less than `low` and not more than `high`."""

    low: Literal
    high: Literal


@dataclass(frozen=True, slots=True)
class OneOf(About):
    """A field is one of these values."""

    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Is(About):
    """A field has a quality."""

    quality: Quality


@dataclass(frozen=True, slots=True)
class Labelled(Condition):
    """Somebody has a tag, is subscribed to a list, or is in another segment."""

    label: Label
    name: str


@dataclass(frozen=True, slots=True)
class Happened(Condition):
    """What the ledger knows: `word` is one of `vocabulary.EVENTS`, of the issue with this slug, of one of the
    `last` so many issues, or else at all.
    """

    word: str
    slug: str | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Random(Condition):
    """A share of all people, the same ones each time for the same `seed`; `percent` as it is written."""

    percent: str
    seed: str = ""


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that one is made of; none for one by itself."""
    match condition:
        case All(parts) | Either(parts):
            return parts
        case Not(part):
            return (part,)
        case _:
            return ()


def with_parts(condition: Condition, parts: tuple[Condition, ...]) -> Condition:
    """Return a condition made of others with these in their place."""
    match condition:
        case All() | Either():
            return replace(condition, parts=parts)
        case Not():
            return replace(condition, part=parts[0])
        case _:
            return condition


def each_of(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions by themselves that one is made of, in the order they are written."""
    parts = parts_of(condition)
    if not parts:
        yield condition
    for part in parts:
        yield from each_of(part)
