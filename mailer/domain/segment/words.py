"""Conditions in plain words, as `explain` and `why` say them."""

from __future__ import annotations

from datetime import date

from mailer.domain.field import FieldType, to_text
from mailer.domain.segment.conditions import (
    About,
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
    Op,
    Quality,
    Random,
    Spelling,
)
from mailer.domain.segment.holding import Person, Terms, holds
from mailer.domain.segment.values import read_value
from mailer.domain.segment.vocabulary import EVENTS
from mailer.domain.segment.writing import quoted

_COMPARED = {
    Op.EQ: "is",
    Op.NE: "is not",
    Op.LT: "is less than",
    Op.LE: "is at most",
    Op.GT: "is more than",
    Op.GE: "is at least",
    Op.CONTAINS: "contains",
    Op.BEGINS: "begins with",
    Op.ENDS: "ends with",
}
_DAYS = {Op.LT: "is before", Op.LE: "is on or before", Op.GT: "is after", Op.GE: "is on or after"}


def in_plain_words(condition: Condition, terms: Terms) -> str:
    """Return what a condition says, without those that it is made of; days and issues as they are today."""
    match condition:
        case All() | Either():
            return "all of these:" if isinstance(condition, All) else "at least one of these:"
        case Not(Either()):
            return "none of these:"
        case Not(part):
            return f"not {in_plain_words(part, terms)}"
        case About():
            return _about(condition, terms)
        case Labelled(label=Label.TAG, name=name):
            return f"has the tag {name}"
        case Labelled(label=Label.LIST, name=name):
            return f"is subscribed to the list {name}"
        case Happened():
            return _happened(condition, terms)
        case Random(percent=percent, seed=seed):
            which = f"the seed {quoted(seed)}" if seed else "no seed"
            return f"is among {percent} % of all people, by {which} always the same"
    raise AssertionError(condition)


def _about(condition: About, terms: Terms) -> str:
    name, kind = condition.name.removeprefix("field:"), terms.types[condition.name]

    def said(*values: Literal) -> list[str]:
        return [_value(each, kind, terms) for each in values]

    match condition:
        case Is(quality=Quality.TODAY):
            days = " or ".join(terms.today.anniversaries())
            return f"the month and day of {name} are today's ({days})"
        case Is(quality=quality):
            return f"{name} is {quality}"
        case Compare(op=op, value=value):
            words = _DAYS.get(op, _COMPARED[op]) if kind is FieldType.DATE else _COMPARED[op]
            return f"{name} {words} {said(value)[0]}" + (", or not known" if op is Op.NE else "")
        case Between(low=low, high=high):
            return f"{name} is from {' to '.join(said(low, high))}"
        case OneOf(values=values):
            return f"{name} is {' or '.join(said(*values))}"
    raise AssertionError(condition)


def _value(literal: Literal, kind: FieldType, terms: Terms) -> str:
    if kind is FieldType.NUMBER:
        return literal.text
    if kind is not FieldType.DATE:
        return quoted(literal.text)
    day = read_value(literal, kind, terms.today)
    assert isinstance(day, date)
    return day.isoformat() if literal.spelling is Spelling.DAY else f"{day.isoformat()} ({literal.text})"


def _happened(condition: Happened, terms: Terms) -> str:
    words = EVENTS[condition.word].words
    if condition.slug is not None:
        return f"{words} {condition.slug}"
    if condition.last is None:
        return words
    issues = terms.issues[: condition.last]
    return (
        f"{words} at least one of the last {condition.last} issues ({', '.join(issues) or 'none was sent'})"
    )


def smallest(condition: Condition, person: Person, terms: Terms) -> Condition:
    """Return the smallest condition by which all of it holds for a person, or by which it doesn't."""
    truth = holds(condition, person, terms)
    if isinstance(condition, Not):
        return Not(smallest(condition.part, person, terms))
    decisive = Either if truth else All
    if isinstance(condition, decisive):
        part = next(each for each in condition.parts if holds(each, person, terms) is truth)
        return smallest(part, person, terms)
    return condition


def known_of(condition: Condition, person: Person) -> str:
    """Return what is known of a person that a condition by itself is about; perhaps nothing."""
    if isinstance(condition, Not):
        return known_of(condition.part, person)
    if not isinstance(condition, About):
        return ""
    value, name = person.values.get(condition.name), condition.name.removeprefix("field:")
    return f"{name} is not known" if value is None else f"{name} is {quoted(to_text(value))}"
