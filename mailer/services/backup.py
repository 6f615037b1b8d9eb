"""A copy of the database while it is in use, and the way back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from mailer.errors import StorageBusy, StorageError, UsageError
from mailer.ledger.history import TakenIn, take_in_history
from mailer.people.departures import take_over
from mailer.private import private_file, private_folder
from mailer.store.database import BUSY_TIMEOUT, Database, open_file
from mailer.store.faults import read_only, translate
from mailer.store.place import access_to, folder_lock, is_read_only, make_private
from mailer.store.presence import alone

SIDE_FILES = ("", "-wal", "-shm")
NAME_A_BACKUP = "Name a file that `mailer backup` wrote."


def back_up(database: Path, target: Path) -> None:
    """Copy the database to a new file at `target` (0600), as of one moment, without stopping anybody."""
    if target.exists():
        raise UsageError(f"{target} is there already", next_step="Name a file that does not exist yet.")
    try:
        private_folder(target.parent)
        private_file(target)
    except OSError as error:
        raise UsageError(
            f"the backup {target} can't be written: {error.strerror}",
            next_step="Name a file in a folder that this user may write in.",
        ) from None
    try:
        _copy(database, target)
    except BaseException:
        target.unlink()
        raise


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to.

    `aside` is where the database of before was put, if there was one; `learned`, what journals told; `left`,
    how many people left since the backup was taken, None if the database of before could not say.
    """

    aside: Path | None
    learned: TakenIn
    left: int | None = 0


def restore(backup: Path, database: Path, journals: Path, now: datetime) -> Restored:
    """Put a backup in the database's place, with what is known of the time since it was taken.

    The journals tell who was mailed, the database of before who left. The name has a whole database at every
    instant: that one, or the restored one, brought up to date. Raises UsageError for a file that isn't a
    backup, and while somebody is at work, naming them; StorageBusy while any program has the database open.
    The journals stay.
    """
    _check(backup)
    database = database.resolve()  # a link to it stays one
    if is_read_only(database):
        raise read_only(database)
    with alone(journals):
        fresh = database.with_name(f"{database.name}.restoring")
        try:
            _remove(fresh)  # what a restore left that was killed
            make_private(fresh)
            _copy(backup, fresh)
            opened, _ = open_file(fresh, keep_open=False)
            learned = take_in_history(opened, journals)
            return _exchanged(database, opened, learned, now)
        finally:
            _remove(fresh)


def _exchanged(database: Path, fresh: Database, learned: TakenIn, now: datetime) -> Restored:
    # Who opens a database holds this lock, who writes one that of SQLite: both find either file whole.
    with folder_lock(database.parent, exclusive=True):
        if not database.exists():
            fresh.path.replace(database)
            return Restored(None, learned)
        with _to_ourselves(database) as before:
            left = _taken_over(before, fresh)
            aside = _free_name(f"{database}.before-{now:%Y%m%dT%H%M%S}")
            _put_aside(database, aside)
            fresh.path.replace(database)
            return Restored(aside, learned, left)


def _taken_over(before: sqlite3.Connection, fresh: Database) -> int | None:
    try:
        return take_over(before, fresh)
    except sqlite3.DatabaseError:  # damaged, or not one of ours
        return None


def _free_name(wanted: str) -> Path:
    names = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
    return next(path for path in map(Path, names) if not path.exists())


def _put_aside(database: Path, aside: Path) -> None:
    for suffix in ("-wal", "-shm"):  # there still only if the database is damaged
        with suppress(FileNotFoundError):
            database.with_name(database.name + suffix).rename(aside.with_name(aside.name + suffix))
    try:
        aside.hardlink_to(database)
    except OSError:  # a file system on which a file has one name
        database.rename(aside)


@contextmanager
def _to_ourselves(database: Path) -> Iterator[sqlite3.Connection]:
    """Hold the database with nobody else having it open, and with all of it in its one file."""
    with closing(_opened(database)) as opened:
        try:
            opened.execute("PRAGMA locking_mode=EXCLUSIVE")
            opened.execute("PRAGMA journal_mode=DELETE")
            opened.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            # One that is damaged has no use for a lock; who restores may well do so because of that.
            fault = translate(error, database)
            if isinstance(fault, StorageBusy):
                raise fault from None
        yield opened


def _remove(file: Path) -> None:
    for suffix in SIDE_FILES:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(access_to(path), uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(_opened(source)) as old, closing(_opened(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise translate(error, target) or error from None
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _check(backup: Path) -> None:
    if not backup.is_file():
        raise UsageError(f"no such file: {backup}", next_step=NAME_A_BACKUP)
    try:
        with closing(_opened(backup)) as opened:
            sound = opened.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            tables = {row[0] for row in opened.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise UsageError(f"{backup} can't be read as a backup: {error}", next_step=NAME_A_BACKUP) from None
    if not sound:
        raise StorageError(f"{backup} is damaged", next_step="Restore another backup.")
    if not {"sends", "deliveries", "journals_read"} <= tables:
        raise UsageError(f"{backup} is no backup of mailer", next_step=NAME_A_BACKUP)
