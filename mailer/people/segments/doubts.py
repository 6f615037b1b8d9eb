"""What may not be meant in a definition, though it can be: a text that nobody has, an issue never sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, exists, func, literal, select, true

from mailer.domain.field import FieldType
from mailer.domain.segment.conditions import (
    Compare,
    Condition,
    Happened,
    Label,
    Labelled,
    OneOf,
    Op,
    each_of,
)
from mailer.domain.segment.writing import quoted
from mailer.people.segments.checking import SHOWN, Known
from mailer.people.segments.events import latest_issues
from mailer.people.segments.statement import Statement, items_of, value_of
from mailer.store.schema import subscribers

VALUES = 200  # among which a near one is looked for
PEOPLE = 10_000  # who are asked for theirs


def values_of(connection: Connection, name: str, kind: FieldType) -> list[str]:
    """Return the values that a field really has among the first people, the commonest first, as written."""
    some = select(subscribers).limit(PEOPLE).subquery("subscribers")
    value: ColumnElement[Any] = value_of(name, some)
    source: FromClause = some
    if kind is FieldType.LIST:
        items = items_of(name, some)
        value, source = items.c.value, some.join(items, true())
    common = select(value).select_from(source).where(value.is_not(None)).group_by(value)
    common = common.order_by(func.count().desc(), value).limit(VALUES)
    found = connection.scalars(common)
    texts = kind in (FieldType.TEXT, FieldType.LIST)
    return [quoted(each) if texts else str(each) for each in found]


def doubts(connection: Connection, condition: Condition, known: Known, statement: Statement) -> Iterator[str]:
    """Yield what may not be meant: a sentence each, with what may be."""
    for single in each_of(condition):
        match single:
            case Happened(slug=str(slug)):
                issues = connection.scalars(latest_issues()).all()
                if slug not in issues:
                    yield f"no issue {slug} was sent yet{_near(slug, issues)}"
            case _:
                for name, text, asked in _texts(single, known):
                    if not connection.scalar(select(_anybody(statement.where(asked)))):
                        what = "the tag" if name == "tags" else name
                        yield f"nobody has {what} {quoted(text)}{_instead(text, name, known)}"


def _texts(single: Condition, known: Known) -> Iterator[tuple[str, str, Condition]]:
    """Yield the whole texts that a condition asks for: of which field, the text, and who has it."""
    match single:
        case Labelled(label=Label.TAG, name=tag):
            yield "tags", tag, single
        case Compare(name=name, op=op, value=value) if _is_of_texts(name, op, known):
            yield name, value.text, replace(single, op=Op.CONTAINS if op is Op.CONTAINS else Op.EQ)
        case OneOf(name=name, values=values) if _is_of_texts(name, Op.EQ, known):
            for value in values:
                yield name, value.text, Compare(name, Op.EQ, value)


def _is_of_texts(name: str, op: Op, known: Known) -> bool:
    kind = known.types[name]
    return kind is FieldType.LIST or (kind is FieldType.TEXT and op in (Op.EQ, Op.NE))


def _anybody(where: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(literal(1)).select_from(subscribers).where(where))


def _instead(text: str, name: str, known: Known) -> str:
    values = known.examples(name)
    such_as = f"{_near(quoted(text), values) or ';'} there is {', '.join(values[:SHOWN])}"
    return such_as if values else ""


def _near(text: str, known: Sequence[str]) -> str:
    near = get_close_matches(text, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
