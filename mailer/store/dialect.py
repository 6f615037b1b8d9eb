"""SQL that differs from one database to another: SQLite's and PostgreSQL's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine, UserDefinedType

from mailer.store.schema import UtcTime

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

written = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
"""Return the text that a column of JSON keeps a value as."""


def add_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there already; return whether it was not."""
    added = _insert(connection, table).values(row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None


def put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row with this key, or give the row that has it these `values`."""
    row = _insert(connection, table).values({**key, **values})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    # To load what is never spoken takes as long as all the tables.
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def load(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows, each with all columns of the table in their order."""
    binders = [bound(connection, column.type) for column in table.c]
    append(
        connection,
        table,
        [tuple(bind(value) for bind, value in zip(binders, row, strict=True)) for row in rows],
    )


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


def contains_in_any_case(
    connection: Connection, column: ColumnElement[str], wanted: str
) -> ColumnElement[bool]:
    """Return whether a text contains another one, in small letters or capitals.

    SQLite's LIKE takes these for the same by itself, in a third of the time that it takes to make them small.
    """
    found = column.contains if connection.dialect.name == "sqlite" else column.icontains
    return found(wanted, autoescape=True)


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
    """Insert rows, each with a value for every column in their order; `bound` makes them fit.

    A moment is its text (`utc_text`) to either: a driver takes four times as long to make one of it. The
    quickest way that the database has: it runs for every message, and for every row of an import.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        from mailer.store.postgresql_copy import copy_in

        copy_in(connection, table, rows)
        return
    names, places = ", ".join(f'"{each.name}"' for each in table.c), ", ".join("?" * len(table.c))
    # No name is anybody's input.
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608
    connection.exec_driver_sql(statement, list(rows))


def bound(connection: Connection, kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    """Return what makes of a value for a column of this type what `append` takes for it."""
    return kind.dialect_impl(connection.dialect).bind_processor(connection.dialect) or _as_is


def _as_is(value: Any) -> Any:
    return value


def give_ids(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Return the next ids of a table, in order, for rows that this transaction adds under the write lock."""
    column = table.autoincrement_column
    assert column is not None
    if connection.dialect.name == "sqlite":
        after = highest_id(connection, table) + 1
        return range(after, after + count)
    if not count:
        return range(0)
    given = text(
        "SELECT setval(ids, nextval(ids) + :count - 1) "
        "FROM (SELECT pg_get_serial_sequence(:table, :column)::regclass AS ids) AS sequences"
    )
    names = {"table": table.name, "column": column.name}
    last = connection.scalar(given, {**names, "count": count})
    assert last is not None
    return range(last - count + 1, last + 1)


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return whether a column holds one of many texts or numbers: one parameter, however many they are."""
    return _Among(column, bindparam(None, list(values), type_=_Many(column.type)))


def among_given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the same for a list that is given as the parameter `name` when the statement is run.

    What is run again and again is kept rather: a statement and what it holds lie about as garbage for long.
    """
    return _Among(column, bindparam(name, type_=_Many(column.type)))


def keep_much_in_memory(connection: Connection) -> None:
    """Let a connection that writes all over an index keep 8 MB of the database in memory, not two.

    A server has its own idea of that.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size=-8000")


def learn(connection: Connection, *tables: Table) -> None:
    """Let the planner know what stands in tables that have just been filled.

    A server finds out by itself, but minutes later; SQLite needs no such knowledge for what is asked of it.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE " + ", ".join(table.name for table in tables)))


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


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002
        """Return it as it is: SQLite looks no index up for what SQLAlchemy makes of a boolean, `(…) = 1`."""
        return self


class _Many(TypeDecorator[list[Any]]):
    """Texts or whole numbers as one parameter: as JSON for SQLite, as PostgreSQL writes an array for that.

    Its driver takes arrays as well, but each of thousands of values by itself.
    """

    impl = Text
    cache_ok = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        super().__init__()
        self.each = each

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else _Array(self.each))

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else _as_array(value or [])


class _Array(UserDefinedType[str]):
    """An array of PostgreSQL's as it is written, which the server reads before it plans."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        self.each = each

    def get_col_spec(self, **how: Any) -> str:  # noqa: ARG002
        return "BIGINT[]" if isinstance(self.each, Integer) else "TEXT[]"


def _as_array(values: list[Any]) -> str:
    texts = [each if isinstance(each, str) else str(each) for each in values]
    whole = "\n".join(texts)
    if "\\" in whole or '"' in whole:
        texts = [each.replace("\\", "\\\\").replace('"', '\\"') for each in texts]
    return '{"' + '","'.join(texts) + '"}' if texts else "{}"


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


@compiles(_Among)
def _in_json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = (compiler.process(each, **how) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({values})))"  # noqa: S608  # both are compiled


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = (compiler.process(each, **how) for each in element.clauses)
    return f"({column} = ANY ({values}))"


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
