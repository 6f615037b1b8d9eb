"""The database as a whole: brought to this version, copied while it is in use, put back from a backup."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from shlex import quote

from mailer.bootstrap import App
from mailer.errors import UsageError
from mailer.ledger.history import TakenIn, take_in_history
from mailer.ledger.sequence_restoring import pause_sequences, take_over_sequences
from mailer.people.departures import take_over
from mailer.store import backup as files
from mailer.store.address import read_url, server_name, shell_url
from mailer.store.database import HEAD, open_upgraded
from mailer.store.faults import read_only
from mailer.store.files import is_read_only
from mailer.store.presence import alone
from mailer.store.sqlite import FileDatabase, forget_deleted

DUMP = "pg_dump --format=custom --file={file} {url}"
RESTORE = "pg_restore --clean --if-exists --single-transaction --dbname={url} {file}"


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Which database is at which revision now, and at which it was: None if it was made."""

    label: str
    before: str | None
    now: str = HEAD


def upgrade(app: App) -> Upgraded:
    """Bring the database to this version's tables, those for jobs too; make it if there is none."""
    database, before = open_upgraded(app.settings.database_url.get_secret_value(), app.root)
    database.dispose()
    _ = app.jobs  # whose tables are made on first use
    return Upgraded(database.label, before)


def back_up(app: App, target: Path) -> int:
    """Copy the database to a new file (0600), as of one moment, without stopping anybody; return its octets.

    UsageError for a file that is there already or can't be written, and for a database on a server.
    """
    path = file_of(app, DUMP, target)
    app.database.dispose()
    files.back_up(path, target)
    return target.stat().st_size


def file_of(app: App, own_command: str, backup: Path) -> Path:
    """Return the file of the database; UsageError with PostgreSQL's `own_command` for one on a server."""
    if app.database_file:
        return app.database_file
    url = read_url(app.settings.database_url.get_secret_value())
    raise UsageError(
        f"the database {server_name(url)} is on a server, which has programs of its own for backups: "
        "docs/how-to/postgresql.md",
        next_step=own_command.format(file=quote(str(backup)), url=quote(shell_url(url))),
    )


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to.

    `aside` is where the database of before was put, if there was one; `learned`, what journals told; `left`,
    how many people left since the backup was taken, None if the database of before could not say; `erased`,
    how many were erased since, and are so again; `paused`, the sequences of which it could not say who got
    what.
    """

    aside: Path | None
    learned: TakenIn
    left: int | None = 0
    erased: int = 0
    paused: list[str] = field(default_factory=list)


def restore(backup: Path, database: Path, journals: Path, now: datetime) -> Restored:
    """Put a backup in the database's place, with what is known of the time since it was taken.

    The journals tell who was mailed, the database of before who left, and who got what of sequences. The name
    has a whole database at every instant: that one, or the restored one, brought up to date. Raises
    UsageError for a file that isn't a backup, and while somebody is at work, naming them; StorageBusy while
    any program has the database open. The journals stay.
    """
    files.check_backup(backup)
    database = database.resolve()  # a link to it stays one
    if is_read_only(database):
        raise read_only(database)
    with alone(journals), files.made_ready(backup, database) as fresh:
        learned = take_in_history(fresh, journals)
        with files.exchanging(fresh, database, now) as old:
            if old is None:
                return Restored(None, learned, paused=pause_sequences(fresh))
            before, aside = old
            left, erased = _take_over(before, fresh, now)
            return Restored(aside, learned, left, erased, _go_on_with_sequences(before, fresh))


def _take_over(before: sqlite3.Connection, fresh: FileDatabase, now: datetime) -> tuple[int | None, int]:
    try:
        left, erased = take_over(before, fresh, now)
    except sqlite3.DatabaseError:  # damaged, or not one of ours
        return None, 0
    if erased:
        forget_deleted(fresh)
    return left, erased


def _go_on_with_sequences(before: sqlite3.Connection, fresh: FileDatabase) -> list[str]:
    """Let nobody get a step twice; return the sequences that have to be paused for that."""
    try:
        take_over_sequences(before, fresh)
    except (sqlite3.DatabaseError, KeyError):  # as above, or lists that could not be read
        return pause_sequences(fresh)
    return []
