"""The place of the database on disk: for its owner's eyes only, and one upgrade at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailer.errors import StorageBusy, StorageError
from mailer.private import private_file, private_folder

LOCK_WAIT = 30.0  # seconds; a first use takes well under one


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
        _wait_for(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, f"{busy} {folder}")
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, kind: int, busy: str) -> None:
    until = time.monotonic() + LOCK_WAIT
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise StorageBusy(
                    busy,
                    next_step="Run the same command again in a moment.",
                ) from None
            time.sleep(0.02)
        else:
            return
