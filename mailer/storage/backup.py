"""A copy of the database while it is in use, and the way back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from mailer.errors import StorageError, UsageError
from mailer.storage.faults import translate
from mailer.storage.journal import living
from mailer.storage.place import make_private

SIDE_FILES = ("", "-wal", "-shm")


def back_up(database: Path, target: Path) -> None:
    """Copy the database to a new file at `target` (0600), as of one moment, without stopping anybody."""
    if target.exists():
        raise UsageError(f"{target} is there already", next_step="Name a file that does not exist yet.")
    make_private(target)
    try:
        _copy(database, target)
    except BaseException:
        target.unlink()
        raise


def restore(backup: Path, database: Path, journals: Path, now: datetime) -> Path | None:
    """Put a backup in the database's place; return where the old one was put, None if there was none.

    Raises UsageError for a file that isn't a backup, or while something is being sent. The journals stay:
    the next run learns from them what was sent after the backup was taken.
    """
    _check(backup)
    if living(journals):
        raise UsageError(
            "something is being sent from this database",
            next_step="Stop it, or let it finish, and try again.",
        )
    aside = _put_aside(database, now)
    make_private(database)
    _copy(backup, database)
    return aside


def _put_aside(database: Path, now: datetime) -> Path | None:
    if not database.exists():
        return None
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%S}")
    for suffix in SIDE_FILES:
        if (file := database.with_name(database.name + suffix)).exists():
            file.rename(aside.with_name(aside.name + suffix))
    return aside


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise translate(error, target) or error from None
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _check(backup: Path) -> None:
    if not backup.is_file():
        raise UsageError(f"no such file: {backup}", next_step="Name a file that `mailer backup` wrote.")
    try:
        with closing(sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            sound = opened.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            tables = {row[0] for row in opened.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise translate(error, backup) or error from None
    if not sound:
        raise StorageError(f"{backup} is damaged", next_step="Restore another backup.")
    if not {"sends", "deliveries", "journals_read"} <= tables:
        raise UsageError(
            f"{backup} is no backup of mailer", next_step="Name a file that `mailer backup` wrote."
        )
