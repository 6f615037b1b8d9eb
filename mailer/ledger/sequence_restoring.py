"""Who got which step after a backup was taken: the database that it replaces knows that, and no journal does.

As for who left (`people.departures`) it is read below SQLAlchemy: it may be of an older version, or damaged.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Engine, Table, delete, select, update

from mailer.store.dialect import append
from mailer.store.schema import lists, sequence_members, sequence_steps, sequences, subscribers


def take_over_sequences(before: sqlite3.Connection, restored: Engine) -> None:
    """Let sequences stand in the `restored` database as in that of `before`, for all whom it has.

    Their lists have to be there. Letters that were written since are not, and are not written again: nobody
    gets a step twice. sqlite3.DatabaseError for what can't be read.
    """
    found = [_rows(before, table) for table in (sequences, sequence_members, sequence_steps)]
    named = dict(before.execute("SELECT id, name FROM lists").fetchall())
    with restored.begin() as connection:
        at = dict(connection.execute(select(lists.c.name, lists.c.id)).all())
        people = set(connection.scalars(select(subscribers.c.id)))
        every, *whose = found
        for row in every:
            row["list_id"] = at[named[row["list_id"]]]
        here = [[row for row in rows if row["subscriber_id"] in people] for rows in whose]
        connection.execute(delete(sequences))  # and with them all that is about them
        for table, rows in zip((sequences, sequence_members, sequence_steps), (every, *here), strict=True):
            append(connection, table, [tuple(row.values()) for row in rows])


def pause_sequences(restored: Engine) -> list[str]:
    """Pause every sequence, as nobody knows who got which step; return their names."""
    with restored.begin() as connection:
        paused = update(sequences).values(is_paused=True).returning(sequences.c.name)
        return sorted(connection.scalars(paused))


def _rows(before: sqlite3.Connection, table: Table) -> list[dict[str, Any]]:
    names = table.c.keys()
    # No name is anybody's input.
    query = f"SELECT {', '.join(names)} FROM {table.name}"  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in before.execute(query)]
