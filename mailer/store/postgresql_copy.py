"""Many rows at once into a table of PostgreSQL, by COPY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import DataError, Error, sql
from sqlalchemy import Connection, Table

from mailer.errors import StorageError
from mailer.store.address import server_name
from mailer.store.postgresql_faults import translate, without_details


def copy_in(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, each with all columns of the table in their order, in the connection's transaction.

    Their values are as the driver takes them.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, table.c.keys()))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    # Below SQLAlchemy, which knows no COPY and translates no error here.
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except DataError as error:
        raise StorageError(
            f"the table {table.name} holds what PostgreSQL can't: {str(error).partition(chr(10))[0]}",
            next_step="Correct that in the database that it is in, or keep to that one.",
        ) from None
    except Error as error:
        raise translate(error, server_name(connection.engine.url)) or without_details(error) from None
