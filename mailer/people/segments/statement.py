"""A condition as SQL about a row of `subscribers`; what it says of each `domain.segment.holding` says, too.

A condition may be NULL where something isn't known, which as a WHERE is false. What is denied is therefore
"is not true", and holds for exactly the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    FromClause,
    TableValuedAlias,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)

from mailer.domain.field import FieldType
from mailer.domain.fold import caseless as without_case
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
from mailer.domain.segment.holding import PRIME, share_of
from mailer.domain.segment.values import Today, read_value
from mailer.domain.segment.vocabulary import JOINED, OWN_TYPES
from mailer.domain.subscriber import Status
from mailer.people.segments.events import happened
from mailer.people.suppressing import Suppressing
from mailer.store.dialect import json_text, json_value
from mailer.store.schema import lists, subscribers, subscriptions
from mailer.store.searching import caseless, contains, is_one_of, json_items, json_number, json_true

Sql = ColumnElement[bool]
DAY = timedelta(days=1)


class Statement:
    """Makes SQL of conditions, by the types of fields, for a day, knowing who is suppressed."""

    def __init__(self, types: Mapping[str, FieldType], today: Today, never: Suppressing) -> None:
        self._types, self._today, self._never = types, today, never

    def where(self, condition: Condition) -> Sql:
        """Return what holds for the subscribers of whom the condition does."""
        match condition:
            case All(parts):
                # What is asked for little, or holds of few, goes first: the rest is asked of those alone.
                return and_(*map(self.where, sorted(parts, key=self._cost)))
            case Either(parts):
                return or_(*map(self.where, parts))
            case Not(part):
                return denied(self.where(part))
            case About():
                return self._about(condition)
            case Labelled(label=Label.TAG, name=name):
                return _has("tags", without_case(name))
            case Labelled(label=Label.LIST, name=name):
                return _on_list(name)
            case Happened():
                return happened(condition, self._never)
            case Random():
                return _drawn(condition)
        raise AssertionError(condition)

    def _cost(self, condition: Condition) -> int:
        """Return how late to ask a condition, of several that all must hold."""
        match condition:
            case All(parts) | Either(parts):
                return 1 + max(map(self._cost, parts))
            case Not(part):
                return self._cost(part)
            case Random():
                return 0
            case About(name=name) if name in OWN_TYPES and name != "tags":
                return 0
            case (Compare(op=Op.EQ) | OneOf()) as one if self._types[one.name] is FieldType.TEXT:
                return 1
            case Labelled(label=Label.TAG):
                return 2
            case About():
                return 3
        return 100  # what stands in other tables

    def _about(self, condition: About) -> Sql:
        name, kind = condition.name, self._types[condition.name]
        match condition:
            case Is(quality=quality):
                return self._is(name, kind, quality)
            case Compare(op=Op.NE, value=value):
                return denied(self._compared(name, kind, Op.EQ, value))
            case Compare(op=op, value=value):
                return self._compared(name, kind, op, value)
            case Between(low=low, high=high):
                return and_(self._compared(name, kind, Op.GE, low), self._compared(name, kind, Op.LE, high))
            case OneOf(values=values) if kind is FieldType.TEXT:
                return is_one_of(
                    value_of(name), [str(read_value(each, kind, self._today)) for each in values]
                )
            case OneOf(values=values):
                return or_(*(self._compared(name, kind, Op.EQ, each) for each in values))
        raise AssertionError(condition)

    def _compared(self, name: str, kind: FieldType, op: Op, written: Literal) -> Sql:
        value = read_value(written, kind, self._today)
        match kind:
            case FieldType.NUMBER:
                assert isinstance(value, int | float)
                number = literal(value, BigInteger if isinstance(value, int) else Float)
                return _ordered(json_number(subscribers.c.fields, name), op, number)
            case FieldType.DATE:
                assert isinstance(value, date)
                if name == JOINED:
                    return self._joined(op, value)
                return _ordered(value_of(name), op, literal(value.isoformat()))
            case FieldType.LIST:
                return _has(name, str(value))
            case _ if op is Op.EQ:
                return is_one_of(value_of(name), [str(value)])
            case _:
                return _text(caseless(value_of(name), str(value)), op, str(value))

    def _joined(self, op: Op, day: date) -> Sql:
        at, begins, ends = subscribers.c.created_at, self._today.begins(day), self._today.begins(day + DAY)
        match op:
            case Op.LT:
                return at < begins
            case Op.LE:
                return at < ends
            case Op.GT:
                return at >= ends
            case Op.GE:
                return at >= begins
            case _:
                return and_(at >= begins, at < ends)

    def _is(self, name: str, kind: FieldType, quality: Quality) -> Sql:
        match quality:
            case Quality.TRUE | Quality.FALSE:
                return json_true(subscribers.c.fields, name, quality is Quality.TRUE)
            case Quality.TODAY:
                return func.substr(value_of(name), 6).in_(self._today.anniversaries())
            case Quality.KNOWN:
                return _known(name, kind)
            case Quality.EMPTY:
                return denied(_known(name, kind))


def denied(condition: Sql) -> Sql:
    """Return what is true wherever a condition is false or NULL, and false elsewhere."""
    return condition.is_not(true())


def value_of(name: str, people: FromClause = subscribers) -> ColumnElement[Any]:
    """Return what is known of a field: a text, as JSON has it where it is none; NULL for nothing."""
    if name in OWN_TYPES:
        own = people.c["created_at" if name == JOINED else name]
        return json_text(own) if name == "tags" else own
    return json_value(people.c.fields, name.removeprefix("field:"))


def sql_of(connection: Connection, where: Sql) -> str:
    """Return the SELECT of the people of whom a condition holds, as a person reads it on this database."""
    found = select(subscribers.c.id, subscribers.c.email).where(where)
    return str(found.compile(connection, compile_kwargs={"literal_binds": True}))


def _known(name: str, kind: FieldType) -> Sql:
    if name == JOINED:
        return true()
    return value_of(name) != ("[]" if kind is FieldType.LIST else "")


def _ordered(column: ColumnElement[Any], op: Op, value: ColumnElement[Any]) -> Sql:
    match op:
        case Op.LT:
            return column < value
        case Op.LE:
            return column <= value
        case Op.GT:
            return column > value
        case Op.GE:
            return column >= value
        case _:
            return column == value


def _text(column: ColumnElement[str], op: Op, value: str) -> Sql:
    match op:
        case Op.CONTAINS:
            return contains(column, value)
        case Op.BEGINS:
            return func.substr(column, 1, len(value)) == value
        case _:
            assert op is Op.ENDS
            return func.substr(column, func.length(column) - len(value) + 1) == value


def items_of(name: str, people: FromClause = subscribers) -> TableValuedAlias:
    """Return a table of the texts (`value`) in the list that a field holds."""
    if name == "tags":
        return json_items(people.c.tags)
    return json_items(people.c.fields, name.removeprefix("field:"))


def _has(name: str, wanted: str) -> Sql:
    """Return whether a list has this text, which is without case."""
    items = items_of(name)
    found = exists(select(literal(1)).select_from(items).where(caseless(items.c.value, wanted) == wanted))
    if not (wanted.isascii() and wanted.isprintable()):
        return found
    # As the list is written: most rows need not be taken apart.
    column = json_text(subscribers.c.tags if name == "tags" else subscribers.c.fields)
    return and_(contains(caseless(column, wanted), json.dumps(wanted)), found)


def _on_list(name: str) -> Sql:
    s = subscriptions.c
    on = select(s.subscriber_id).join(lists, lists.c.id == s.list_id)
    return subscribers.c.id.in_(on.where(lists.c.name == name, s.status == Status.SUBSCRIBED))


def _drawn(condition: Random) -> Sql:
    share = share_of(condition)
    point, prime = subscribers.c.id % literal(PRIME, BigInteger), literal(PRIME, BigInteger)
    value: ColumnElement[int] = literal(share.factors[0], BigInteger)
    for factor in share.factors[1:]:
        value = (value * point + literal(factor, BigInteger)) % prime
    return value < share.bound
