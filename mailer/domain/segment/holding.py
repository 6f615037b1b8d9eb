"""Whether a condition holds for one person: what SQL says of everybody, said in plain Python."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from mailer.domain.field import FieldType
from mailer.domain.fold import caseless
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
)
from mailer.domain.segment.values import Today, Value, read_value

PRIME = 2**31 - 1
_ORDER: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.CONTAINS: operator.contains,
    Op.BEGINS: str.startswith,
    Op.ENDS: str.endswith,
}


@dataclass(frozen=True, slots=True)
class Person:
    """What conditions ask of one person.

    `values` are by the field's name as conditions have it, only those that are known: dates as ISO text,
    lists as tuples. `lists` are those that they are subscribed to; `happened` has for each word of EVENTS the
    slugs of the issues, or an empty one for what is of none.
    """

    id: int
    values: Mapping[str, Any] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    happened: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a definition is read by: the types of fields, the day, the slugs of all issues, latest first."""

    types: Mapping[str, FieldType]
    today: Today
    issues: Sequence[str] = ()


def holds(condition: Condition, person: Person, terms: Terms) -> bool:
    """Return whether a condition holds for a person; what isn't known holds of nobody."""
    match condition:
        case All(parts):
            return all(holds(part, person, terms) for part in parts)
        case Either(parts):
            return any(holds(part, person, terms) for part in parts)
        case Not(part):
            return not holds(part, person, terms)
        case About(name=name):
            return _said(condition, person.values.get(name), terms)
        case Labelled(label=Label.LIST, name=name):
            return name in person.lists
        case Labelled(label=Label.TAG, name=name):
            return _has(person.values.get("tags"), caseless(name))
        case Happened(word=word, slug=slug, last=last):
            slugs = person.happened.get(word, frozenset())
            wanted = terms.issues[:last] if last else slugs if slug is None else (slug,)
            return any(each in slugs for each in wanted)
        case Random():
            return share_of(condition).holds(person.id)
    raise AssertionError(condition)


def _said(condition: About, value: Any, terms: Terms) -> bool:
    kind = terms.types[condition.name]

    def read(literal: Literal) -> Any:
        return _as_kept(read_value(literal, kind, terms.today))

    if isinstance(condition, Is):
        return _is(condition.quality, value, terms.today)
    if value is None:
        return isinstance(condition, Compare) and condition.op is Op.NE
    kept = caseless(value) if isinstance(value, str) else value
    match condition:
        case Compare(op=Op.NE, value=other):
            return bool(kept != read(other))
        case Compare(op=Op.CONTAINS, value=other) if kind is FieldType.LIST:
            return _has(value, read(other))
        case Compare(op=op, value=other):
            return _ORDER[op](kept, read(other))
        case Between(low=low, high=high):
            return bool(read(low) <= kept <= read(high))
        case OneOf(values=values):
            return kept in [read(each) for each in values]
    raise AssertionError(condition)


def _as_kept(value: Value) -> str | int | float:
    return value if isinstance(value, str | int | float) else value.isoformat()


def _has(items: Sequence[str] | None, wanted: object) -> bool:
    return any(caseless(item) == wanted for item in items or ())


def _is(quality: Quality, value: Any, today: Today) -> bool:
    match quality:
        case Quality.TRUE | Quality.FALSE:
            return value is (quality is Quality.TRUE)
        case Quality.TODAY:
            return value is not None and value[5:] in today.anniversaries()
        case _:
            known = value not in (None, "", (), [])
            return known is (quality is Quality.KNOWN)


@dataclass(frozen=True, slots=True)
class Share:
    """Some of all people: those whose id a polynomial over a prime field takes below a bound.

    Of degree three, its factors drawn by a seed: shares by two seeds have as many people in common as by
    chance, and any database can calculate it in whole numbers of 63 bits.
    """

    factors: tuple[int, ...]
    bound: int

    def holds(self, number: int) -> bool:
        """Return whether the person with this id is one of them."""
        point, value = number % PRIME, 0
        for factor in self.factors:
            value = (value * point + factor) % PRIME
        return value < self.bound


def share_of(condition: Random) -> Share:
    """Return whom `random` means."""
    drawn = sha256(condition.seed.encode()).digest()
    factors = tuple(int.from_bytes(drawn[i : i + 8], "big") % PRIME for i in range(0, 32, 8))
    return Share(factors, int(PRIME * Decimal(condition.percent) / 100))
