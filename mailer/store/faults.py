"""What SQLite's error codes mean to a person: the one place where they become errors with a next step.

Knows only the standard library, so that a lean process can translate too.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mailer.errors import DatabaseReplaced, MailerError, StorageBusy, StorageError, StorageFull
from mailer.store.files import is_read_only

# Primary result codes, https://www.sqlite.org/rescode.html; they are the low octet of the extended ones.
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
UNRECORDED = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}


def translate(error: BaseException, path: Path) -> MailerError | None:
    """Return what a sqlite3 `error` on the database at `path` means, or None if it is our own fault."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return None
    primary = code & 0xFF
    if primary in BUSY:
        return StorageBusy(
            f"the database {path} is locked by another program",
            next_step="Run the same command again in a moment; it goes on where it stopped.",
        )
    if primary in UNRECORDED:
        return StorageFull(
            f"the database {path} can't record what happened: {error}",
            next_step=f"Make room on the disk of {path.parent}, then run the same command again.",
        )
    return _unusable(primary, error, path)


def read_only(path: Path) -> StorageError:
    """Return the error for who would write a database that can only be read."""
    return StorageError(
        f"the database {path} is read-only",
        next_step=f"Make {path} and its folder writable for this user: SQLite writes files beside it.",
    )


def gone(path: Path) -> DatabaseReplaced:
    """Return the error for a database that was there and is no more."""
    return DatabaseReplaced(
        f"the database {path} is gone: it was moved, removed or emptied",
        next_step="Put it back, or a backup in its place: mailer restore FILE",
    )


def replaced(path: Path) -> DatabaseReplaced:
    """Return the error for another file in the place of the one that was opened."""
    return DatabaseReplaced(
        f"another database has taken the place of {path}; nothing more was written",
        next_step="Run the same command again, which goes by the one that is there now; "
        "`mailer run` does so by itself.",
    )


def _unusable(primary: int, error: sqlite3.Error, path: Path) -> MailerError | None:
    cannot_open = primary == sqlite3.SQLITE_CANTOPEN
    if primary in READ_ONLY or (cannot_open and is_read_only(path)):
        return read_only(path)
    if cannot_open and not path.exists():
        return gone(path)
    if cannot_open:
        return StorageError(
            f"the database {path} can't be opened",
            next_step=f"Check that DATABASE_URL names a file and that this user may write in {path.parent}.",
        )
    if primary in BROKEN:
        return StorageError(
            f"{path} is not a database, or is damaged: {error}",
            next_step="Check DATABASE_URL, or put a backup of the database in its place: mailer restore FILE",
        )
    return None
