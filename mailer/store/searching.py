"""What is looked for in texts and JSON, said to SQLite and to PostgreSQL: more of `store.dialect`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Numeric, TableValuedAlias, Text, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mailer.domain.fold import cased_forms, spellings
from mailer.store.dialect import json_path

SPELLINGS = 64  # of one text, at most


def json_number(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return the number that a column of JSON objects holds under `name`; NULL where that is none."""
    return _JsonNumber(column, literal(json_path(name)), literal(name))


def json_true(column: ColumnElement[Any], name: str, truth: bool) -> ColumnElement[bool]:
    """Return whether a column of JSON objects holds just this truth value under `name`."""
    return _JsonTrue(column, literal(json_path(name)), literal(name), literal("true" if truth else "false"))


def json_items(column: ColumnElement[Any], name: str | None = None) -> TableValuedAlias:
    """Return a table of the texts (`value`) in a column of JSON lists, or of objects with a list in it."""
    items = (
        _JsonItems(column) if name is None else _JsonItems(column, literal(json_path(name)), literal(name))
    )
    return items.table_valued("value", name="items")


def caseless(column: ColumnElement[Any], text: str) -> ColumnElement[str]:
    """Return what `domain.fold.caseless` makes of a column, of the letters that `text` has."""
    forms = cased_forms(text)
    return _Caseless(column, *(literal(letter) for pair in forms for letter in pair))


def is_one_of(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """Return whether a column, without case, is one of these texts, which are without.

    It is read once, and compared with each way of writing them, unless there are too many: a letter replaced
    by another one costs half as much again.
    """
    written: list[str] = []
    others = []
    for text in texts:
        ways = list(islice(spellings(text), SPELLINGS + 1))
        if len(ways) > SPELLINGS:
            others.append(caseless(column, text) == text)
        else:
            written += ways
    return or_(_Caseless(column).in_(written), *others)


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return whether a text is part of a column, letter by letter."""
    return _Position(column, literal(text)) > 0


class _JsonNumber(FunctionElement[Any]):
    type = Numeric()
    inherit_cache = True


class _JsonTrue(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


class _JsonItems(FunctionElement[Any]):
    inherit_cache = True


class _Caseless(FunctionElement[str]):
    type = Text()
    inherit_cache = True


class _Position(FunctionElement[int]):
    type = Integer()
    inherit_cache = True


@compiles(_JsonNumber)
def _extracted_number(element: _JsonNumber, compiler: SQLCompiler, **how: Any) -> str:
    column, path = (compiler.process(each, **how) for each in list(element.clauses)[:2])
    kind = f"json_type({column}, {path})"
    return f"(CASE WHEN {kind} IN ('integer', 'real') THEN json_extract({column}, {path}) END)"


@compiles(_JsonNumber, "postgresql")
def _number_member(element: _JsonNumber, compiler: SQLCompiler, **how: Any) -> str:
    # A text stands in quotes there: what isn't a number is none by its first character, and read but once.
    column, _, name = element.clauses
    member = f"CAST({compiler.process(column, **how)} AS JSON) -> {compiler.process(name, **how)}"
    return f"CAST(substring(CAST({member} AS TEXT) FROM '^-?[0-9].*') AS NUMERIC)"


@compiles(_JsonTrue)
def _type_is_truth(element: _JsonTrue, compiler: SQLCompiler, **how: Any) -> str:
    column, path, _, truth = (compiler.process(each, **how) for each in element.clauses)
    return f"(json_type({column}, {path}) = {truth})"


@compiles(_JsonTrue, "postgresql")
def _member_is_truth(element: _JsonTrue, compiler: SQLCompiler, **how: Any) -> str:
    column, _, name, truth = (compiler.process(each, **how) for each in element.clauses)
    return f"(CAST(CAST({column} AS JSON) -> {name} AS TEXT) = {truth})"


@compiles(_JsonItems)
def _each(element: _JsonItems, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_each({', '.join(compiler.process(each, **how) for each in list(element.clauses)[:2])})"


@compiles(_JsonItems, "postgresql")
def _elements(element: _JsonItems, compiler: SQLCompiler, **how: Any) -> str:
    column, *named = (compiler.process(each, **how) for each in element.clauses)
    items = f"CAST({column} AS JSON)" + (f" -> {named[1]}" if named else "")
    is_list = f"json_typeof({items}) = 'array'"
    return f"json_array_elements_text(CASE WHEN {is_list} THEN {items} END)"


@compiles(_Caseless)
def _lowered(element: _Caseless, compiler: SQLCompiler, **how: Any) -> str:
    # SQLite lowers ASCII alone.
    column, *letters = (compiler.process(each, **how) for each in element.clauses)
    for cased, without in zip(letters[::2], letters[1::2], strict=True):
        column = f"replace({column}, {cased}, {without})"
    return f"lower({column})"


@compiles(_Caseless, "postgresql")
def _lowered_by_letters(element: _Caseless, compiler: SQLCompiler, **how: Any) -> str:
    column, *letters = (compiler.process(each, **how) for each in element.clauses)
    lowered = f'lower(CAST({column} AS TEXT) COLLATE "C")'
    if not letters:
        return lowered
    return f"translate({lowered}, {' || '.join(letters[::2])}, {' || '.join(letters[1::2])})"


@compiles(_Position)
def _in_string(element: _Position, compiler: SQLCompiler, **how: Any) -> str:
    return f"instr({', '.join(compiler.process(each, **how) for each in element.clauses)})"


@compiles(_Position, "postgresql")
def _string_position(element: _Position, compiler: SQLCompiler, **how: Any) -> str:
    return f"strpos({', '.join(compiler.process(each, **how) for each in element.clauses)})"
