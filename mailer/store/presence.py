"""Who is at work with a database, and whose turn it is: a port, and what it is for a database in a file.

There it is records that are locked while their process lives: as with a worker's journal, the kernel gives
the lock up when a process dies, however it dies. The records lie among the journals, where all who use a
database find them, whatever link leads them to it. `mailer.store.session_presence` is the same for a server.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from mailer.errors import AtWork, UsageError
from mailer.store.files import folder_lock, is_locked, living, make_folder, unwritable, within

FOLDER = "at-work"
TURNS = "turns"
RECORD = 512  # octets that a record has once it says what its process does: it is written at one go
LOOK = 0.2  # seconds; who asks whose turn it is has it for an instant
BEGINNING = 0  # the turn to begin a send; the others are the turns to send one, by its id
RESTORING = "another program is restoring a backup in"


@dataclass(frozen=True, slots=True)
class Present:
    """A process at work: the command that it runs, its number, its machine, and since when (ISO, aware)."""

    command: str
    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        since = f"{datetime.fromisoformat(self.since).astimezone():%Y-%m-%d %H:%M:%S %Z}"
        return f"mailer {self.command} (process {self.pid}) on {self.host} since {since}"

    @classmethod
    def here(cls, command: str) -> Present:
        """Return this process, which runs `command` from now on."""
        return cls(command, os.getpid(), socket.gethostname(), datetime.now(UTC).isoformat())

    @classmethod
    def read(cls, record: Path) -> Present | None:
        """Return who a record names, None while it says nothing yet."""
        try:
            return cls(**json.loads(record.read_bytes().partition(b"\n")[0]))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Doing:
    """What a process is busy with: a send by its id, how much of it it settled, how many a second of late."""

    send_id: int | None = None
    settled: int = 0
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A process and what it said of itself; `unseen` seconds ago, if that is longer than it should be."""

    present: Present
    doing: Doing
    unseen: int | None = None


class Presence(Protocol):
    """Who works with a database: each says so while it does, and what may be done by one alone."""

    def says(self, present: Present, doing: Doing | None) -> None:
        """Have everybody see what this process does now; None: it is gone, if it isn't `at_work`."""

    def seen(self) -> list[Sighting]:
        """Return who is at work, and who was lost of late."""

    def at_work(self, command: str) -> AbstractContextManager[None]:
        """Keep the database from being exchanged or moved while `command` works with it."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep everybody else from starting to work; UsageError that names those who are at work already."""

    def turn(self, number: int, command: str, *, wait: float = LOOK) -> AbstractContextManager[None]:
        """Have the turn to send this one, or BEGINNING, alone; AtWork after `wait` seconds, with who has it.

        Processes that this one forks don't have the turn.
        """

    def whose_turn(self, number: int) -> Present | None:
        """Return who has this turn now, if anybody has; also who may only read can ask."""


@dataclass(frozen=True, slots=True)
class FilePresence:
    """Presence with a database in a file, by records among its journals."""

    journals: Path

    def at_work(self, command: str) -> AbstractContextManager[None]:
        """See `Presence`."""
        return at_work(self.journals, command)

    def alone(self) -> AbstractContextManager[None]:
        """See `Presence`."""
        return alone(self.journals)

    def turn(self, number: int, command: str, *, wait: float = LOOK) -> AbstractContextManager[None]:
        """See `Presence`."""
        return turn(self._record(number), command, wait=wait)

    def whose_turn(self, number: int) -> Present | None:
        """See `Presence`."""
        return whose_turn(self._record(number))

    def says(self, present: Present, doing: Doing | None) -> None:
        """See `Presence`."""
        said = json.dumps(asdict(doing or Doing())).encode()
        for record in (self.journals / FOLDER).glob(f"*.{present.pid}.*"):
            with suppress(OSError), record.open("r+b") as file:
                who = file.readline().rstrip(b"\n")
                file.seek(0)
                file.write((who + b"\n" + said).ljust(RECORD))

    def seen(self) -> list[Sighting]:
        """See `Presence`; of whoever died in a file's neighbourhood the kernel tells at once."""
        folder = self.journals / FOLDER
        records = sorted(folder.iterdir()) if folder.is_dir() else []
        return [each for record in records if is_locked(record) and (each := _seen(record))]

    def _record(self, number: int) -> Path:
        return beginning_turn(self.journals) if number == BEGINNING else sending_turn(self.journals, number)


def _sign(file: int, record: Path, command: str) -> None:
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(asdict(Present.here(command))).encode() + b"\n", 0)
    except OSError as error:  # the disk is full
        raise unwritable(record, error) from None


def _seen(record: Path) -> Sighting | None:
    with suppress(OSError, ValueError):
        present, _, doing = record.read_bytes().partition(b"\n")
        return Sighting(Present(**json.loads(present)), Doing(**json.loads(doing.strip() or b"{}")))
    return None


@contextmanager
def at_work(journals: Path, command: str) -> Iterator[None]:
    """Keep the database from being exchanged while `command` works with it. Waits for who does so now."""
    folder = journals / FOLDER
    make_folder(folder)
    record = folder / f"{command}.{os.getpid()}.{secrets.token_hex(2)}"
    with ExitStack() as held:
        with folder_lock(folder, exclusive=False, busy=RESTORING):
            try:
                file = os.open(record, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise unwritable(record, error) from None
            held.callback(os.close, file)
            held.callback(record.unlink, missing_ok=True)
            fcntl.flock(file, fcntl.LOCK_EX)
            _sign(file, record, command)
        yield


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


def _present(folder: Path) -> Iterator[Present | str]:
    for record in sorted(folder.iterdir()):
        with suppress(FileNotFoundError):
            if is_locked(record):
                yield Present.read(record) or record.name
            else:
                record.unlink()  # its process was killed


def sending_turn(journals: Path, send_id: int) -> Path:
    """Return the record of the turn to send this one."""
    return journals / TURNS / f"send-{send_id}"


def beginning_turn(journals: Path) -> Path:
    """Return the record of the turn to begin a send."""
    return journals / TURNS / "begin"


def whose_turn(record: Path) -> Present | None:
    """Return who has the turn now, if anybody has; also who may only read can ask."""
    try:
        file = os.open(record, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return Present.read(record)
    finally:
        os.close(file)
    return None


@contextmanager
def turn(record: Path, command: str, *, wait: float = LOOK) -> Iterator[None]:
    """Have what `record` stands for to this process alone; AtWork after `wait` seconds, with who has it.

    Processes that this one forks don't have the turn.
    """
    make_folder(record.parent)
    try:
        file = os.open(record, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(record, error) from None
    try:
        if not within(wait, lambda: _is_ours(file)):
            raise AtWork(str(Present.read(record) or "another process"))
        _sign(file, record, command)
        yield
    finally:
        os.close(file)


def _is_ours(file: int) -> bool:
    try:
        # A record lock: one by flock would live on in a worker process that outlives this one.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
