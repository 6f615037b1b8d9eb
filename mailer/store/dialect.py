"""SQL that differs from one database to another: SQLite's and PostgreSQL's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Boolean, ColumnElement, Connection, Table, Text, cast, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def add_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there already; return whether it was not."""
    return connection.execute(_insert(connection, table).values(row).on_conflict_do_nothing()).rowcount > 0


def put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row with this key, or give the row that has it these `values`."""
    row = _insert(connection, table).values({**key, **values})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def json_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the text that a column of JSON is kept as, undecoded."""
    return _JsonText(column)


def as_json(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what `json_text` made, as it goes into a column of JSON again by INSERT … SELECT."""
    return _AsJson(text)


def json_value(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return what a column of JSON objects holds under `name`; NULL where it holds nothing."""
    return _JsonValue(column, literal(_path(name)), literal(name))


def is_json_text(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether what a column of JSON objects holds under `name` is a text."""
    return _IsJsonText(column, literal(_path(name)), literal(name))


def _path(name: str) -> str:
    return '$."' + name.replace('"', '\\"') + '"'


class _JsonText(FunctionElement[str]):
    type = Text()
    inherit_cache = True


class _AsJson(FunctionElement[Any]):
    inherit_cache = True


class _JsonValue(FunctionElement[Any]):
    """Of a column, or its text: SQLite asks by the path, PostgreSQL by the name."""

    inherit_cache = True


class _IsJsonText(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


@compiles(_JsonText)
@compiles(_AsJson)
def _as_it_is(element: FunctionElement[Any], compiler: SQLCompiler, **how: Any) -> str:
    # SQLite keeps JSON as text.
    return compiler.process(next(iter(element.clauses)), **how)


@compiles(_JsonText, "postgresql")
def _cast_to_text(element: _JsonText, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(cast(next(iter(element.clauses)), Text), **how)


@compiles(_AsJson, "postgresql")
def _cast_to_json(element: _AsJson, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(cast(next(iter(element.clauses)), JSON), **how)


@compiles(_JsonValue)
def _extracted(element: _JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    column, path, _ = element.clauses
    return f"json_extract({compiler.process(column, **how)}, {compiler.process(path, **how)})"


@compiles(_JsonValue, "postgresql")
def _member(element: _JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    column, _, name = element.clauses
    return f"(CAST({compiler.process(column, **how)} AS JSON) ->> {compiler.process(name, **how)})"


@compiles(_IsJsonText)
def _type_is_text(element: _IsJsonText, compiler: SQLCompiler, **how: Any) -> str:
    column, path, _ = element.clauses
    return f"(json_type({compiler.process(column, **how)}, {compiler.process(path, **how)}) = 'text')"


@compiles(_IsJsonText, "postgresql")
def _type_is_string(element: _IsJsonText, compiler: SQLCompiler, **how: Any) -> str:
    column, _, name = element.clauses
    member = f"CAST({compiler.process(column, **how)} AS JSON) -> {compiler.process(name, **how)}"
    return f"(json_typeof({member}) = 'string')"
