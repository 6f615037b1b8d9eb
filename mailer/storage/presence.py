"""Who is at work with a database: a record for each, locked for as long as its process lives.

As with a worker's journal, the kernel gives the lock up when a process dies, however it dies. The records
lie among the journals, where all who use a database find them, whatever link leads them to it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mailer.errors import UsageError
from mailer.storage.journal import living, unwritable
from mailer.storage.place import folder_lock, is_locked, make_folder

FOLDER = "at-work"
RESTORING = "another program is restoring a backup in"


@dataclass(frozen=True, slots=True)
class Present:
    """A process at work: the command that it runs, and its number."""

    command: str
    pid: str

    def __str__(self) -> str:
        return f"mailer {self.command} (process {self.pid})"


@contextmanager
def at_work(journals: Path, command: str) -> Iterator[None]:
    """Keep the database from being exchanged while `command` works with it. Waits for who does so now."""
    folder = journals / FOLDER
    make_folder(folder)
    record = folder / f"{command}.{os.getpid()}.{secrets.token_hex(2)}"
    with folder_lock(folder, exclusive=False, busy=RESTORING):
        try:
            file = os.open(record, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(record, error) from None
        fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        record.unlink(missing_ok=True)
        os.close(file)


@contextmanager
def alone(journals: Path) -> Iterator[None]:
    """Keep everybody else from starting to work; UsageError that names those who are at work already."""
    folder = journals / FOLDER
    make_folder(folder)
    with folder_lock(folder, exclusive=True, busy=RESTORING):
        present, sending = list(_present(folder)), living(journals)
        if present or sending:
            use = "something is being sent from this database" if sending else "this database is in use"
            raise UsageError(
                ": ".join(filter(None, [use, ", ".join(map(str, present))])),
                next_step="Stop what is at work, or let it finish; then run the same command again.",
            )
        yield


def _present(folder: Path) -> Iterator[Present]:
    for record in sorted(folder.iterdir()):
        with suppress(FileNotFoundError):
            if is_locked(record):
                command, pid, _ = record.name.rsplit(".", 2)
                yield Present(command, pid)
            else:
                record.unlink()  # its process was killed
