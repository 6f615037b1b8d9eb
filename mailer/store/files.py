"""The place of the database on disk: for its owner's eyes only, and one upgrade at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from mailer.errors import StorageBusy, StorageError, StorageFull
from mailer.private import private_file, private_folder

MAKE_ROOM = "Make room on the disk, then run the same command again: it goes on where it stopped."
LOCK_WAIT = 30.0  # seconds; a first use takes well under one

FileId = tuple[int, int]  # device and inode


def file_id(path: Path) -> FileId | None:
    """Return what tells the file at `path` from any other, whatever their names; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_read_only(path: Path) -> bool:
    """Whether this user can only read the database at `path`: to write it takes files beside it."""
    effective = os.access in os.supports_effective_ids
    return path.exists() and not all(
        os.access(each, os.W_OK, effective_ids=effective) for each in (path, path.parent)
    )


def access_to(path: Path) -> str:
    """Return the URI by which SQLite is to open the database at `path`, for reading only if need be.

    It never makes one: a name that nothing has any more is an error, and not an empty database.
    """
    access = "mode=rw"
    if is_read_only(path):
        log = path.with_name(f"{path.name}-wal")
        # To read a write-ahead log takes files beside it. Where there is no log, nobody is writing.
        access = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return f"file:{quote(str(path.absolute()))}?{access}"


def make_private(path: Path) -> None:
    """Make the file at `path` (0600) and its missing folders (0700) under any umask; keep what is there.

    SQLite gives its own -wal and -shm files the mode of the database.
    """
    try:
        private_folder(path.parent)
        private_file(path)
    except OSError as error:
        raise StorageError(
            f"the database {path} can't be made: {error.strerror}",
            next_step=f"Make {path.parent} a folder that this user may write in, or change DATABASE_URL.",
        ) from None


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it that are missing (0700) under any umask; keep what is there."""
    try:
        private_folder(folder)
    except OSError as error:
        raise StorageError(
            f"the folder {folder} can't be made: {error.strerror}",
            next_step=f"Make {folder.parent} a folder that this user may write in, and see that it has room.",
        ) from None


@contextmanager
def folder_lock(
    folder: Path, *, exclusive: bool, busy: str = "another program is upgrading the database in"
) -> Iterator[None]:
    """Hold a flock on `folder` itself: it leaves no file behind and ends with the process."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(
            f"the folder {folder} of the database can't be opened: {error.strerror}",
            next_step=f"Make {folder} readable and writable for this user, or change DATABASE_URL.",
        ) from None
    try:
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        if not within(LOCK_WAIT, lambda: _is_had(descriptor, kind)):
            raise StorageBusy(f"{busy} {folder}", next_step="Run the same command again in a moment.")
        yield
    finally:
        os.close(descriptor)


def within(seconds: float, locked: Callable[[], bool]) -> bool:
    """Try for a lock, again and again for so long; return whether it was had."""
    until = time.monotonic() + seconds
    while not locked():
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)
    return True


def _is_had(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock on the file at `path`; OSError if this user can't open it."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Shared, so that two who look don't take each other for the holder.
        return not _is_had(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def living(folder: Path) -> bool:
    """Return whether a worker is at work: its journal is locked."""
    for path in folder.glob("[0-9]*"):
        with suppress(FileNotFoundError):
            if is_locked(path):
                return True
    return False


def unwritable(path: Path, error: OSError) -> StorageError | StorageFull:
    """Return what it means that a file beside the database can't be written."""
    problem = f"{path} can't be written: {error.strerror}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        return StorageError(problem, next_step=f"Make {path.parent} writable for this user.")
    return StorageFull(problem, next_step=MAKE_ROOM)
