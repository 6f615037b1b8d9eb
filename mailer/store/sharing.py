"""Who else sends over an account: a record for each, locked while its process lives.

Where the database is a file all of them are on this machine, and who is alone need not ask the database.
Where it is on a server there may be others anywhere: `mailer.store.listening`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from mailer.store.files import is_locked, make_folder, unwritable

FOLDER = "accounts"


def own_name() -> str:
    """Return a name that no other member of any account has."""
    return f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"


class Sharing(Protocol):
    """Those who send over one account with one database."""

    def present(self, name: str, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Let the others see for the block that this one is there; `wake` it when they announce something."""

    def others(self, name: str) -> frozenset[str] | None:
        """Return who is there besides this one; None where nobody can tell."""

    def announce(self, transaction: Connection) -> None:
        """Wake the others when the transaction is committed, as far as they can be."""


@dataclass(frozen=True, slots=True)
class OnThisMachine:
    """Those who share a database in a file, by records among its journals: one folder an account."""

    journals: Path
    account: str

    @contextmanager
    def present(self, name: str, wake: Callable[[], None]) -> Iterator[None]:  # noqa: ARG002
        """See `Sharing`."""
        record = self._folder / name
        make_folder(self._folder)
        try:
            file = os.open(record, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(record, error) from None
        try:
            # A lock by flock would live on in a worker process that outlives this one; it ends with it, soon.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            record.unlink(missing_ok=True)
            os.close(file)

    def others(self, name: str) -> frozenset[str] | None:
        """See `Sharing`."""
        records = frozenset(record.name for record in self._folder.iterdir())
        return frozenset(each for each in records if each != name and self._lives(each))

    def announce(self, transaction: Connection) -> None:
        """See `Sharing`: they look every second."""

    @property
    def _folder(self) -> Path:
        return self.journals / FOLDER / self.account

    def _lives(self, name: str) -> bool:
        with suppress(FileNotFoundError):
            if is_locked(self._folder / name):
                return True
            (self._folder / name).unlink()  # its process was killed
        return False
