"""Who got which step after a backup was taken: all of that the database knows that it replaces.

As for who left (`people.departures`) it is read below SQLAlchemy: it may be of an older version, or damaged.
Where a backup was put into its place by hand nobody has that one, but journals tell which letters went.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, select, update

from mailer.domain.sequence import letter_slug, sequence_of
from mailer.store.dialect import add_missing, among, append
from mailer.store.schema import (
    deliveries,
    learned_steps,
    lists,
    sequence_members,
    sequence_steps,
    sequences,
    subscribers,
)

UNTOLD = "a backup was put back, and the journal {} can't be read: who got a step of it since isn't known"


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


def learn_steps(connection: Connection, slug: str, send_id: int | None, went: Mapping[int, datetime]) -> None:
    """Keep of which people a journal says that a letter of a step went to them, and when, if it is not here.

    `send_id` is that of its send; None where that is not here either. Whoever is to get the step another time
    is asked for it (`learned_of`), whether they have begun the sequence by now or not.
    """
    p, d = subscribers.c, deliveries.c
    there = select(p.id, p.created_at).where(among(p.id, went))
    here = select(d.subscriber_id).where(d.send_id == send_id, among(d.subscriber_id, went))
    known = set(connection.scalars(here))
    for person, created_at in connection.execute(there).all():
        # Who came later has a number by now that was another one's.
        if person not in known and created_at <= went[person]:
            add_missing(
                connection, learned_steps, {"subscriber_id": person, "slug": slug, "at": went[person]}
            )


def hold_untold(connection: Connection, slug: str, journal: str) -> None:
    """Pause the sequence of a letter, whose journal can't tell who got it."""
    paused = update(sequences).where(sequences.c.name == sequence_of(slug))
    connection.execute(paused.values(is_paused=True, problem=UNTOLD.format(journal)))


def learned_of(
    connection: Connection, name: str, keys: Collection[str], people: Collection[int]
) -> dict[int, list[tuple[str, datetime]]]:
    """Return of people which of these steps of a sequence went to them by the journals, and when."""
    t, found = learned_steps.c, dict[int, list[tuple[str, datetime]]]()
    slugs = {letter_slug(name, key): key for key in keys}
    for person, slug, at in connection.execute(
        select(t.subscriber_id, t.slug, t.at).where(among(t.subscriber_id, people), t.slug.in_(slugs))
    ):
        found.setdefault(person, []).append((slugs[slug], at))
    return found


def unlearn(connection: Connection, name: str, subscriber_id: int) -> None:
    """Forget what journals said of somebody in a sequence: they are to get every step once more."""
    t = learned_steps.c
    mine = (t.subscriber_id == subscriber_id, t.slug.startswith(letter_slug(name, ""), autoescape=True))
    connection.execute(delete(learned_steps).where(*mine))


def join_learned(connection: Connection, keep: int, other: int) -> None:
    """Let what journals said of one record hold of another one, before the first one is gone."""
    t = learned_steps.c
    for row in connection.execute(select(learned_steps).where(t.subscriber_id == other)).all():
        add_missing(connection, learned_steps, {**row._mapping, "subscriber_id": keep})


def _rows(before: sqlite3.Connection, table: Table) -> list[dict[str, Any]]:
    names = table.c.keys()
    # No name is anybody's input.
    query = f"SELECT {', '.join(names)} FROM {table.name}"  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in before.execute(query)]
