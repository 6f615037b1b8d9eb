"""The index of words by which issues in the archive are found, in the way of each database.

SQLite has it in a table of FTS5, which triggers keep in step with the two tables of the archive: a row's
number there is a send's id, or less than nothing, the id of an issue that was imported. PostgreSQL has
indexes of the very texts. Both are made with the tables, and copied with none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, event, text

NAME = "archive_search"  # how everything begins that is made here
SOURCES = (("archive", "{row}.send_id"), ("imported_issues", "-{row}.id"))
FTS5 = f"CREATE VIRTUAL TABLE IF NOT EXISTS {NAME} USING fts5(title, words, prefix='2 3')"
TITLE_WEIGHT = 4.0  # of a word in the title, beside one in the text

Phrase = Sequence[str]
"""Words that stand one behind the other, as `domain.fold` has them; of the last one its beginning will do."""


def make_search(connection: Connection) -> None:
    """Make what is missing of the index, and take in what is in the archive."""
    if connection.dialect.name != "sqlite":
        for table, _ in SOURCES:
            indexed = f"{table} USING gin (to_tsvector('simple', words))"
            connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {NAME}_{table} ON {indexed}")
        return
    connection.exec_driver_sql(FTS5)
    for table, number in SOURCES:
        old, new = (number.format(row=row) for row in ("OLD", "NEW"))
        gone = f"DELETE FROM {NAME} WHERE rowid = {old};"
        come = f"INSERT INTO {NAME} (rowid, title, words) VALUES ({new}, NEW.title, NEW.words);"
        for when, what in (("INSERT", come), ("DELETE", gone), ("UPDATE", gone + come)):
            trigger = f"{NAME}_{table}_{when.lower()} AFTER {when} ON {table} BEGIN {what} END"
            connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {trigger}")
    there = "SELECT send_id, title, words FROM archive"
    missing = f"{there} WHERE send_id NOT IN (SELECT rowid FROM {NAME})"
    connection.exec_driver_sql(f"INSERT INTO {NAME} (rowid, title, words) {missing}")


def matching(connection: Connection, phrases: Sequence[Phrase]) -> list[int]:
    """Return the numbers of issues that have all of these phrases, the best first.

    One less than nothing is of an issue that was imported.
    """
    if not phrases:
        return []
    if connection.dialect.name == "sqlite":
        asked = " AND ".join('"{}" *'.format(" ".join(phrase)) for phrase in phrases)
        best = f"ORDER BY bm25({NAME}, {TITLE_WEIGHT}), rowid DESC"
        found = f"SELECT rowid FROM {NAME} WHERE {NAME} MATCH :asked {best}"
    else:
        asked = " & ".join("({}:*)".format(" <-> ".join(phrase)) for phrase in phrases)
        each = (
            f"SELECT {number.format(row='t')} AS number, ts_rank(to_tsvector('simple', words), q) AS rank "
            f"FROM {table} t, to_tsquery('simple', :asked) q WHERE to_tsvector('simple', words) @@ q"
            for table, number in SOURCES
        )
        found = f"SELECT number FROM ({' UNION ALL '.join(each)}) f ORDER BY rank DESC, number DESC"
    return list(connection.scalars(text(found), {"asked": asked}))


def made_with(metadata: MetaData) -> None:
    """Have the index made when the tables are."""

    def made(target: MetaData, connection: Connection, **_: Any) -> None:  # noqa: ARG001
        make_search(connection)

    event.listen(metadata, "after_create", made)
