"""SQL that differs from one database to another. Only SQLite is supported so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, func, type_coerce
from sqlalchemy.dialects.sqlite import insert


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
