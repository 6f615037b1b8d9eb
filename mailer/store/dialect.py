"""SQL that differs from one database to another: SQLite's and PostgreSQL's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Table,
    Text,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mailer.domain.moment import utc_text
from mailer.store.schema import UtcTime


def add_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there already; return whether it was not."""
    added = _insert(connection, table).values(row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None


def put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row with this key, or give the row that has it these `values`."""
    row = _insert(connection, table).values({**key, **values})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def load(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows, each with all columns of the table in their order."""
    if connection.dialect.name == "sqlite":
        names = table.c.keys()
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    from mailer.store.postgresql_copy import copy_in

    copy_in(connection, table, rows)


def highest_id(connection: Connection, table: Table) -> int:
    """Return the highest id that a table ever gave; 0 if it gave none, or gives none at all."""
    column = table.autoincrement_column
    if column is None:
        return 0
    highest = connection.scalar(select(func.max(column))) or 0
    if connection.dialect.name != "sqlite":
        given = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)")
    elif table.dialect_options["sqlite"]["autoincrement"]:
        given = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    else:
        return int(highest)
    return max(highest, connection.scalar(given, {"table": table.name, "column": column.name}) or 0)


def never_give(connection: Connection, table: Table, highest: int) -> None:
    """Let a table that gives ids give none up to this one any more."""
    column = table.autoincrement_column
    if column is None or not highest:
        return
    if connection.dialect.name != "sqlite":
        raised = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
    elif table.dialect_options["sqlite"]["autoincrement"]:
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
        raised = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :highest)")
    else:
        return
    connection.execute(raised, {"table": table.name, "column": column.name, "highest": highest})


def json_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the text that a column of JSON is kept as, undecoded."""
    return _JsonText(column)


def as_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what `json_text` made, as it goes into a column of JSON again by INSERT … SELECT."""
    return _AsJson(column)


def json_value(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return what a column of JSON objects holds under `name`; NULL where it holds nothing."""
    return _JsonValue(column, literal(json_path(name)), literal(name))


def is_json_text(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether what a column of JSON objects holds under `name` is a text."""
    return _IsJsonText(column, literal(json_path(name)), literal(name))


def domain_of(email_key: ColumnElement[str]) -> ColumnElement[str]:
    """Return the domain in a column of addresses by `Address.key`, with the `@` before it."""
    return _DomainOf(email_key)


def clock() -> ColumnElement[float]:
    """Return the database's clock, which goes on within a transaction: seconds since 1970."""
    return _Clock()


def json_path(name: str) -> str:
    """Return the path of a member of a JSON object as SQLite has it."""
    return '$."' + name.replace('"', '\\"') + '"'


def append(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, each with a value for every column in their order; moments are made by `moments`.

    The quickest way that the database has: it runs for every message.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        load(connection, table, rows)
        return
    places = ", ".join("?" * len(table.c))
    statement = f"INSERT INTO {table.name} VALUES ({places})"  # noqa: S608  # no name is anybody's input
    connection.exec_driver_sql(statement, list(rows))


def learn(connection: Connection, *tables: Table) -> None:
    """Let the planner know what stands in tables that have just been filled.

    A server finds out by itself, but minutes later; SQLite needs no such knowledge for what is asked of it.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE " + ", ".join(table.name for table in tables)))


def moments(connection: Connection) -> Callable[[datetime], Any]:
    """Return what makes of a moment what `append` takes for it."""
    return utc_text if connection.dialect.name == "sqlite" else lambda moment: moment


def moment_in(connection: Connection, seconds: float = 0.0) -> ColumnElement[datetime]:
    """Return the moment so many seconds from now by the database's clock, which is one for all machines."""
    if connection.dialect.name == "sqlite":
        shown = func.strftime("%Y-%m-%dT%H:%M:%fZ", "now", f"{seconds:+f} seconds")
        return type_coerce(shown, UtcTime)
    return type_coerce(func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds), UtcTime)


def is_shared(engine: Engine) -> bool:
    """Whether other machines, of which nobody here can see whether they live, may use the same database."""
    return engine.dialect.name != "sqlite"


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


class _DomainOf(FunctionElement[str]):
    type = Text()
    inherit_cache = True


class _Clock(FunctionElement[float]):
    type = Float()
    inherit_cache = True


@compiles(_DomainOf)
def _from_instr(element: _DomainOf, compiler: SQLCompiler, **how: Any) -> str:
    key = compiler.process(next(iter(element.clauses)), **how)
    return f"substr({key}, instr({key}, '@'))"


@compiles(_DomainOf, "postgresql")
def _from_strpos(element: _DomainOf, compiler: SQLCompiler, **how: Any) -> str:
    key = compiler.process(next(iter(element.clauses)), **how)
    return f"substr({key}, strpos({key}, '@'))"


@compiles(_Clock)
def _julian_seconds(element: _Clock, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ARG001
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(_Clock, "postgresql")
def _clock_timestamp(element: _Clock, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ARG001
    return "CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION)"


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
