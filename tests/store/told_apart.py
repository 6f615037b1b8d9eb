"""Databases that are told apart by the fields that were written into them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mailer.store.sqlite import FileDatabase


def write(database: FileDatabase, name: str) -> None:
    """Write a field of this name, by a connection of the database."""
    with database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES (?, 'text')", (name,))


def fields(path: Path) -> set[str]:
    """Return the names in a file, read by SQLite alone."""
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM fields")}
    connection.close()
    return names
