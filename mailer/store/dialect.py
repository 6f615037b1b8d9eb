"""SQL that differs from one database to another. Only SQLite is supported so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, Text, func, type_coerce
from sqlalchemy.dialects.sqlite import insert

from mailer.domain.moment import utc_text
from mailer.store.schema import UtcTime


def add_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there already; return whether it was not."""
    return connection.execute(insert(table).values(row).on_conflict_do_nothing()).rowcount > 0


def put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row with this key, or give the row that has it these `values`."""
    row = insert(table).values({**key, **values})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def json_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the text that a column of JSON is kept as, undecoded."""
    return type_coerce(column, Text)


def json_value(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return what a column of JSON objects holds under `name`; NULL where it holds nothing."""
    return func.json_extract(column, _path(name))


def is_json_text(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether what a column of JSON objects holds under `name` is a text."""
    return func.json_type(column, _path(name)) == "text"


def _path(name: str) -> str:
    return '$."' + name.replace('"', '\\"') + '"'


def append(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, each with a value for every column in their order, as the driver takes them.

    The quickest way that the database has: it runs for every message.
    """
    if rows:
        places = ", ".join("?" * len(table.c))
        statement = f"INSERT INTO {table.name} VALUES ({places})"  # noqa: S608  # no name is anybody's input
        connection.exec_driver_sql(statement, list(rows))


def moments(connection: Connection) -> Callable[[datetime], Any]:  # noqa: ARG001
    """Return what makes of a moment what the driver takes for it."""
    return utc_text


def moment_in(connection: Connection, seconds: float = 0.0) -> ColumnElement[datetime]:  # noqa: ARG001
    """Return the moment so many seconds from now by the database's clock, which is one for all machines."""
    text = func.strftime("%Y-%m-%dT%H:%M:%fZ", "now", f"{seconds:+f} seconds")
    return type_coerce(text, UtcTime)


def is_shared(engine: Engine) -> bool:
    """Whether other machines, of which nobody here can see whether they live, may use the same database."""
    return engine.dialect.name != "sqlite"
