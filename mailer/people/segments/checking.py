"""A parsed definition held against what there is: fields and their types, lists, other segments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from mailer.domain.field import FieldType
from mailer.domain.segment.conditions import (
    About,
    Between,
    Compare,
    Condition,
    Happened,
    Is,
    Label,
    Labelled,
    Literal,
    OneOf,
    Quality,
    Span,
    parts_of,
    with_parts,
)
from mailer.domain.segment.values import Misfit, Today, read_value
from mailer.domain.segment.vocabulary import COMPARISONS, EVENTS, QUALITIES, in_words
from mailer.people.segments.grammar import SegmentError, parse

SHOWN = 5  # values of a field
_IS = {kind: f"is a {kind}" for kind in FieldType} | {FieldType.BOOLEAN: "is true or false"}


@dataclass(frozen=True, slots=True)
class Known:
    """What definitions can name: fields with their types, lists, the segments' definitions by name.

    `examples` finds some values that a field really has, as they are written in a definition.
    """

    types: Mapping[str, FieldType]
    lists: Collection[str]
    segments: Mapping[str, str]
    today: Today
    examples: Callable[[str], Sequence[str]] = lambda name: ()  # noqa: ARG005


def read(text: str, known: Known, name: str = "") -> Condition:
    """Return the condition of a definition with those of other segments in the place of their names.

    SegmentError, in which it is `name`, for what can't be read or names what isn't there.
    """
    try:
        return _read(text, known, (name,) if name else ())
    except Misfit as misfit:
        raise SegmentError(text, misfit, name) from None


def _read(text: str, known: Known, within: tuple[str, ...]) -> Condition:
    condition = parse(text)
    _check(condition, known)
    return _expand(condition, known, within)


def _expand(condition: Condition, known: Known, within: tuple[str, ...]) -> Condition:
    """Put the conditions of other segments in the place of their names; `within` are those it stands in."""
    if not (isinstance(condition, Labelled) and condition.label is Label.SEGMENT):
        return with_parts(condition, tuple(_expand(part, known, within) for part in parts_of(condition)))
    name = condition.name
    if name in within:
        way = " -> ".join((*within[within.index(name) :], name))
        raise Misfit(f"a segment can't be part of itself: {way}", condition.at)
    try:
        return _read(known.segments[name], known, (*within, name))
    except Misfit as misfit:
        raise Misfit(f"in segment {name}: {misfit.problem}", condition.at, misfit.hint) from None


def _check(condition: Condition, known: Known) -> None:
    """Raise Misfit for the first condition that names what isn't there, or what doesn't go together."""
    for part in parts_of(condition):
        _check(part, known)
    match condition:
        case About(name=name):
            kind = known.types.get(name)
            if kind is None:
                _refuse_field(condition, known)
            _check_field(condition, kind, known)
        case Labelled(label=Label.LIST, name=name) if name not in known.lists:
            _refuse_name(condition, "list", known.lists, "See: mailer lists list")
        case Labelled(label=Label.SEGMENT, name=name) if name not in known.segments:
            _refuse_name(condition, "segment", known.segments, "See: mailer segments list")
        case Happened(word=word) if not EVENTS[word].of_issues and (condition.slug or condition.last):
            raise Misfit(f"{word} is not of an issue: it stands by itself", condition.at)
        case Happened(word=word, slug=None, last=None) if EVENTS[word].of_issues and word == "received":
            raise Misfit(
                "received what?", condition.at, 'Name an issue, received "harbour", or write: received last 3'
            )


def _check_field(condition: About, kind: FieldType, known: Known) -> None:
    match condition:
        case Compare(op=op, value=value):
            if op not in COMPARISONS[kind]:
                _refuse_comparison(condition, in_words(op, kind), kind)
            _check_values(condition, kind, known, value)
        case Between(low=low, high=high):
            if kind not in (FieldType.NUMBER, FieldType.DATE):
                _refuse_comparison(condition, "between", kind)
            _check_values(condition, kind, known, low, high)
            if read_value(low, kind, known.today) > read_value(high, kind, known.today):  # type: ignore[operator]
                raise Misfit(
                    f"nothing is between {low.text} and {high.text}: the lower one comes first",
                    Span(low.at.start, high.at.end),
                )
        case OneOf(values=values):
            if kind in (FieldType.LIST, FieldType.BOOLEAN):
                _refuse_comparison(condition, "in", kind)
            _check_values(condition, kind, known, *values)
        case Is(quality=quality) if quality not in QUALITIES[kind]:
            _refuse_comparison(condition, f"is {quality}", kind)
        case Is(name="joined", quality=Quality.TODAY):
            raise Misfit("joined is a day that has come once", condition.at, "Write: joined = today")


def _check_values(condition: About, kind: FieldType, known: Known, *values: Literal) -> None:
    for value in values:
        try:
            read_value(value, kind, known.today)
        except Misfit as misfit:
            real = _real(condition.name, known)
            raise Misfit(
                f"{condition.name} {_IS[kind]}: {misfit.problem}", misfit.at, real or misfit.hint
            ) from None


def _real(name: str, known: Known) -> str | None:
    values = known.examples(name)[:SHOWN]
    return f"{name} has values such as: {', '.join(values)}" if values else None


def _refuse_comparison(condition: About, words: str, kind: FieldType) -> NoReturn:
    can = [in_words(op, kind) for op in COMPARISONS[kind]] + [f"is {quality}" for quality in QUALITIES[kind]]
    can += ["between"] if kind in (FieldType.NUMBER, FieldType.DATE) else []
    can += ["in"] if kind not in (FieldType.LIST, FieldType.BOOLEAN) else []
    raise Misfit(
        f"{condition.name} {_IS[kind]}, of which nobody can ask: {words}",
        condition.at,
        f"What can be asked of it: {', '.join(can)}",
    )


def _refuse_field(condition: About, known: Known) -> NoReturn:
    name = condition.name
    near = get_close_matches(name, known.types, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Fields: {', '.join(sorted(known.types))}"
    length = len(name)
    raise Misfit(f"there is no field {name}", Span(condition.at.start, condition.at.start + length), hint)


def _refuse_name(condition: Labelled, what: str, known: Collection[str], step: str) -> NoReturn:
    near = get_close_matches(condition.name, known, n=1)
    hint = f"Did you mean {condition.label}:{near[0]}?" if near else step
    raise Misfit(f"there is no {what} {condition.name}", condition.at, hint)
