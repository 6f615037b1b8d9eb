"""A worker's journal: what left the process, written before the database knows.

One file a worker, beside the database, locked for as long as the worker lives. A record is in the kernel
before the bytes it speaks of can reach the server, so that SIGKILL loses nothing; the database catches up
in batches. Whoever gets a dead worker's lock reads its journal and settles what it says.

A journal is text, a record a line, each ending in the CRC-32 of what stands before it:

    mailer-journal 4 20261123T080000-4711-9f3c 0b00710d 7 2026-11-23T07:59:58.000Z harbour 5e77 4f1c d3adb33f
                  (its name; the boot it was written in; the send it is about, the account and the text)
    h 2026-11-23T08:00:01.100Z 17 18 0badcafe            (handed: the content may reach the server now)
    s 17 accepted 2026-11-23T08:00:01.123Z content "250 2.0.0 Ok" 1badb002

A settlement that says itself when the message may go again has that moment before the words. A refusal that
is held back stands as `queued` until it is decided whose doing it was.
    r 00c0ffee                               (recorded: every settlement above is in the database)
"""

from __future__ import annotations

import fcntl
import json
import json.encoder
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from mailer.domain.delivery import Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.errors import StorageFull
from mailer.store.files import MAKE_ROOM, make_folder, unwritable

HEADING = "mailer-journal 4"
# Those before called a delivery by a number of its own; before 3 no revision was named: there was one text.
BEFORE = ("mailer-journal 3", "mailer-journal 2")
# Octets of room reserved ahead of the end. A message is handed only while half of it is left, so that what
# becomes of the message can be written even when the disk has filled up meanwhile.
RESERVE = 1 << 18


class JournalUnreadable(Exception):
    """A journal has a line in it that was not written by us whole; its open claims become uncertain."""


class Journal:
    """The journal of a living worker. `name` is what its claims carry."""

    def __init__(self, folder: Path, now: datetime, header: JournalHeader | None = None) -> None:
        make_folder(folder)
        self.name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(2)}"
        self._path = folder / self.name
        self._end = 0
        self._reserved = 0
        # Locked before it gets the name under which others look for it: nobody can take it for a dead one's.
        draft = folder / f".{self.name}"
        try:
            self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise unwritable(draft, error) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write([f"{HEADING} {self.name} {boot()} {header or NOTHING}"])
            draft.rename(self._path)
        except BaseException:
            draft.unlink(missing_ok=True)
            os.close(self._file)
            raise

    def handed(self, delivery_ids: Sequence[int]) -> None:
        """Record that the contents of these deliveries may reach the server from now on."""
        at = utc_text(datetime.now(UTC))
        self._write([f"h {at} {' '.join(map(str, delivery_ids))}"], ahead=RESERVE // 2)

    def settled(self, settlements: Iterable[Settlement]) -> None:
        """Record what became of deliveries."""
        self._write(
            [
                f"s {delivery_id} {state} {utc_text(at)} {stage} {_due(due)}{_quoted(words)}"
                for delivery_id, state, at, stage, words, due in settlements
            ]
        )

    def recorded(self) -> None:
        """Record that the database has every settlement written so far: of those nothing more is to be said.

        A delivery may come to the same worker again later; what became of it before must not count then.
        """
        self._write(["r"])

    def close(self, *, keep: bool) -> None:
        """Let go of the lock; without `keep` the file is put away: its claims are all in the database."""
        with suppress(OSError):
            os.ftruncate(self._file, self._end)  # the room that was reserved and not needed
        if not keep:
            put_away(self._path)
        os.close(self._file)

    def _write(self, lines: list[str], *, ahead: int = 0) -> None:
        data = b"".join(sealed(line) for line in lines)
        try:
            if self._end + len(data) + ahead > self._reserved:
                os.posix_fallocate(self._file, 0, self._end + len(data) + RESERVE)
                self._reserved = self._end + len(data) + RESERVE
            written = os.pwrite(self._file, data, self._end)
        except OSError as error:
            raise unwritable(self._path, error) from None
        if written != len(data):
            raise StorageFull(f"{self._path} took only a part of a record", next_step=MAKE_ROOM)
        self._end += len(data)


UNREADABLE = "the sender died and its journal can't be read, so it may have handed the message over"
# Records are in the kernel, not on the platter: the last of them are lost when the machine goes down.
MACHINE_DIED = "the machine went down during the sending, so the message may have been handed over"


def boot() -> str:
    """Return what tells this run of the machine from the one before; nothing where the system doesn't say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def put_away(path: Path) -> None:
    """Move a journal that the database has taken in to where journals are kept, for the day of a restore."""
    make_folder(path.parent / KEPT)
    path.rename(path.parent / KEPT / path.name)


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """The send that a journal is about, told from any other also in a database that was restored.

    `account` is the `ledger.pace_memory.account_key` of the one that it goes through, `revision` that of the
    text that people get unless they are bound to an earlier one.
    """

    send_id: int
    created_at: str  # utc_text
    slug: str
    account: str = "-"
    revision: str = "-"

    def __str__(self) -> str:
        return f"{self.send_id} {self.created_at} {self.slug} {self.account} {self.revision}"


NOTHING = JournalHeader(0, "-", "-")
KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Handed:
    """A content may have reached the server from then on, and nothing more is known."""

    at: datetime


@dataclass(slots=True)
class DeadJournal:
    """What a dead worker's journal says last of each delivery: its settlement, or that it was handed over.

    Settlements that the database has already are left out, so that this stays small however long the journal.
    """

    name: str
    last_word: dict[int, Settlement | Handed] = field(default_factory=dict)
    header: JournalHeader = NOTHING
    gap: str = ""  # why more may have happened than stands here; empty where it is the whole story
    numbered: bool = False  # its deliveries have the numbers that they had before there were chunks


def read_journal(name: str, file: BinaryIO, *, whole: bool = False) -> DeadJournal:
    """Return what the journal in `file` says; `whole`: also of what the database had when it was written.

    A torn last line was never acted upon and is left out.
    """
    dead = DeadJournal(name)
    try:
        records = _records(file)
        heading = next(records, "")
        written_in, dead.header = _read_heading(name, heading)
        dead.numbered = heading.startswith(BEFORE)
        if written_in != boot():
            dead.gap = MACHINE_DIED
        for record in records:
            kind, _, rest = record.partition(" ")
            if kind == "h":
                at, *ids = rest.split(" ")
                dead.last_word.update(dict.fromkeys(map(int, ids), Handed(datetime.fromisoformat(at))))
            elif kind == "r" and not whole:
                dead.last_word = {
                    key: said for key, said in dead.last_word.items() if isinstance(said, Handed)
                }
            elif kind == "s":
                settlement = _settlement(rest)
                dead.last_word[settlement.delivery_id] = settlement
    except (JournalUnreadable, ValueError):
        dead.gap = UNREADABLE
    return dead


def _read_heading(name: str, record: str) -> tuple[str, JournalHeader]:
    """Return in which boot a journal was written, and its header."""
    heading, version, written_by, written_in, send_id, *rest = record.split(" ")
    if f"{heading} {version}" not in (HEADING, *BEFORE) or written_by != name:
        raise JournalUnreadable
    return written_in, JournalHeader(int(send_id), *rest)


def dead_journals(folder: Path) -> Iterator[tuple[Path, DeadJournal]]:
    """Yield each dead worker's journal and what it says, holding its lock while the caller settles it.

    A journal whose lock is held belongs to a living worker, however long it has been silent.
    """
    for path in sorted(folder.glob("[0-9]*")):
        with suppress(FileNotFoundError, BlockingIOError):
            file = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():  # else another process settled it while we came
                    with path.open("rb") as readable:
                        dead = read_journal(path.name, readable)
                    yield path, dead
            finally:
                os.close(file)


def sealed(line: str) -> bytes:
    """Return a record as it stands in a journal: with its seal, and the end of the line."""
    text = line.encode("utf-8")
    return b"%s %08x\n" % (text, crc32(text))


def _records(file: BinaryIO) -> Iterator[str]:
    for line in file:
        if not line.endswith(b"\n"):
            return  # a record torn by the end of its writer, or the zeros that reserved room reads as
        text, _, seal = line[:-1].rpartition(b" ")
        if seal != b"%08x" % crc32(text):
            raise JournalUnreadable
        yield text.decode("utf-8")


def _settlement(record: str) -> Settlement:
    delivery_id, state, at, stage, words = record.split(" ", 4)
    due = None
    if not words.startswith('"'):
        moment, _, words = words.partition(" ")
        due = datetime.fromisoformat(moment)
    return Settlement(
        int(delivery_id), State(state), datetime.fromisoformat(at), Stage(stage), json.loads(words), due
    )


_quoted = json.encoder.encode_basestring_ascii  # json.dumps of a text, without its overhead


def _due(due: datetime | None) -> str:
    return f"{utc_text(due)} " if due else ""
