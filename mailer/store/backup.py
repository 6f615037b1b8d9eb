"""The files of a backup and of a restore: a copy taken while the database is in use, and put in its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from mailer.errors import StorageBusy, StorageError, UsageError
from mailer.private import private_file, private_folder
from mailer.store.database import WAIT
from mailer.store.faults import translate
from mailer.store.files import access_to, folder_lock, make_private
from mailer.store.sqlite import FileDatabase, open_file

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


@contextmanager
def made_ready(backup: Path, database: Path) -> Iterator[FileDatabase]:
    """Yield a copy of the backup beside the database, with this version's tables, for `exchanging`.

    At the end of the block it is removed, if it is there still.
    """
    fresh = database.with_name(f"{database.name}.restoring")
    try:
        _remove(fresh)  # what a restore left that was killed
        make_private(fresh)
        _copy(backup, fresh)
        yield open_file(fresh, keep_open=False)[0]
    finally:
        _remove(fresh)


@contextmanager
def exchanging(
    fresh: FileDatabase, database: Path, now: datetime
) -> Iterator[tuple[sqlite3.Connection, Path] | None]:
    """Put `fresh` in the database's place at the end of the block, which has the old one to itself.

    Yield the old one and where it is put aside, None if there was none. The name has a whole database at
    every instant. StorageBusy while any program has the database open.
    """
    # Who opens a database holds this lock, who writes one that of SQLite: both find either file whole.
    with folder_lock(database.parent, exclusive=True):
        if not database.exists():
            yield None
            fresh.path.replace(database)
            return
        with _to_ourselves(database) as before:
            aside = _free_name(f"{database}.before-{now:%Y%m%dT%H%M%S}")
            yield before, aside
            _put_aside(database, aside)
            fresh.path.replace(database)


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
    return sqlite3.connect(access_to(path), uri=True, timeout=WAIT, isolation_level=None)


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(_opened(source)) as old, closing(_opened(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise translate(error, target) or error from None
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def check_backup(backup: Path) -> None:
    """Raise UsageError for a file that is no backup of this program, StorageError for a damaged one."""
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
