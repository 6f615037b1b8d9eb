"""The database and its journals: whole, of this version, private, with room for the next send."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.doctor.database_look import DatabaseLook, JournalLook, look_at, look_at_journals
from mailer.doctor.result import Result, error, note, ok, warning
from mailer.store.database import HEAD
from mailer.store.faults import translate

OTHERS = 0o077  # the permissions of those who aren't the owner
MUCH_LOG = 64 << 20  # octets; SQLite puts the log into the database at 4 MB, unless a reader hinders it
FREE_SHARE = 0.5  # of the file
MUCH_FREE = 64 << 20  # octets
MANY_KEPT = 1000
# Measured: a send adds some 600 octets a recipient to the database and 130 to the journal, and the log holds
# them once more for a while. Twice that, and room for the template, the log and what others write.
RECIPIENT_OCTETS = 2 * 1024
JOURNAL_OCTETS = 2 * 130
SPARE_OCTETS = 64 << 20


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system: a folder on it, how many octets are free, and whether this user may write there."""

    folder: Path
    free: int
    writable: bool
    device: int = 0

    @classmethod
    def at(cls, folder: Path) -> FileSystem:
        """Look at the nearest folder upwards that is there."""
        there = next(each for each in (folder, *folder.parents) if each.is_dir())
        free, device = shutil.disk_usage(there).free, there.stat().st_dev
        # The effective user is the one who writes; some systems can't ask for that one.
        effective = os.access in os.supports_effective_ids
        return cls(there, free, os.access(there, os.W_OK | os.X_OK, effective_ids=effective), device)


def examine_database(path: Path, journals: Path) -> list[Result]:
    """Look at the database at `path`, its `journals`, and the disks that both are on."""
    if not path.exists():
        first = note("database.file", f"{path} is not there yet; the first command that needs it makes it")
        return [first, *judge_room(FileSystem.at(path.parent), 0)]
    try:
        look = look_at(path)
    except (sqlite3.Error, OSError) as problem:
        return [_unusable(problem, path), *judge_room(FileSystem.at(path.parent), 0)]
    rooms = {
        (each.device, each.writable): each for each in (FileSystem.at(path.parent), FileSystem.at(journals))
    }
    return [
        *judge_database(path, look),
        *judge_modes(path),
        judge_journals(look_at_journals(journals)),
        *(result for room in rooms.values() for result in judge_room(room, look.audience)),
    ]


def _unusable(problem: sqlite3.Error | OSError, path: Path) -> Result:
    known = translate(problem, path)
    if known is not None:
        return error("database.file", known.problem, known.next_step or "")
    words = problem.strerror if isinstance(problem, OSError) else str(problem)
    return error("database.file", f"{path} can't be read: {words}", f"Let this user read and write {path}.")


def judge_database(path: Path, look: DatabaseLook) -> Iterator[Result]:
    """Say whether the database is whole and of this version, and what it carries along."""
    backup = "Put a backup in its place: mailer restore FILE"
    if look.damage:
        yield error("database.whole", f"{path} is damaged: {look.damage}", backup)
    elif look.read:
        yield ok("database.whole", f"{path}, {size(look.octets)}, quick_check finds nothing")
    else:
        yield note(
            "database.whole", f"{path}, {size(look.octets)}: too large to be read through in a few seconds"
        )
    yield judge_revision(str(path), look.revision)
    if look.free > MUCH_FREE and look.free > look.octets * FREE_SHARE:
        yield note(
            "database.free",
            f"{size(look.free)} of {size(look.octets)} are free pages; VACUUM gives them back",
        )
    if look.log > MUCH_LOG:
        yield warning(
            "database.log",
            f"the write-ahead log has grown to {size(look.log)}: some program reads without an end",
            f"Stop what holds {path} open (`fuser {path}` names it); the log shrinks with the next writer.",
        )


def judge_revision(label: str, revision: str | None) -> Result:
    """Say whether the tables are those of this version."""
    if revision == HEAD:
        return ok("database.version", f"revision {HEAD}, this version's")
    if revision is None:
        return error(
            "database.version",
            f"{label} has no tables of mailer's",
            "Correct DATABASE_URL, or, if the file is new: mailer db upgrade",
        )
    if revision > HEAD:
        return error(
            "database.version",
            f"revision {revision}, of a newer version; this one knows {HEAD}",
            "Upgrade mailer on this machine.",
        )
    return note(
        "database.version", f"revision {revision}; the next command that needs it brings it to {HEAD}"
    )


def judge_modes(path: Path) -> Iterator[Result]:
    """Say whether others on this machine can read people's addresses."""
    files = [each for each in (path, path.with_name(f"{path.name}-wal")) if each.exists()]
    open_files = [each for each in files if each.stat().st_mode & OTHERS]
    if open_files:
        names = " ".join(map(str, open_files))
        mode = open_files[0].stat().st_mode & 0o777
        yield warning(
            "database.private", f"{names} has mode {mode:04o}: others can read it", f"chmod 600 {names}"
        )
    else:
        yield ok("database.private", "mode 0600: only its owner reads it")


def judge_journals(look: JournalLook) -> Result:
    """Say what workers left behind."""
    name = "database.journals"
    if look.unread:
        return error(
            name,
            f"{look.unread} journals can't be opened by this user",
            "Run mailer as the user who sends; what a journal says decides who gets a message.",
        )
    if look.dead:
        return warning(
            name,
            f"{_count(look.dead, 'journal')} of workers that died wait to be read",
            "docs/how-to/after-a-crash.md says what they are. Settle them, and send what is due: mailer tick",
        )
    working = f"{_count(look.living, 'worker')} at work, " if look.living else ""
    kept = f"{_count(look.kept, 'journal')} kept for a restore, {size(look.octets)}"
    if look.kept > MANY_KEPT:
        return note(name, f"{working}{kept}; those older than your oldest backup can go")
    return ok(name, f"{working}{kept}")


def judge_room(room: FileSystem, audience: int, octets: int = RECIPIENT_OCTETS) -> Iterator[Result]:
    """Say whether a send to `audience` people, of so many octets each, can be recorded; else it stops."""
    if not room.writable:
        yield error(
            "disk.writable",
            f"this user can't write in {room.folder}",
            f"Make {room.folder} writable for this user, or change DATABASE_URL.",
        )
    needed = SPARE_OCTETS + audience * octets
    text = f"{size(room.free)} free in {room.folder}"
    if audience:
        text += f"; a send to the largest list ({audience:,} people) takes up to {size(needed)}"
    if room.free < needed:
        yield error("disk.space", text, "Make room, or move the workspace to another disk.")
    else:
        yield ok("disk.space", text)


def size(octets: float) -> str:
    """Return a number of octets for people: `1.4 GB`."""
    for unit in ("octets", "KB", "MB", "GB"):
        if octets < 1000 or unit == "GB":
            break
        octets /= 1000
    return f"{octets:,.0f} {unit}" if unit == "octets" or octets >= 10 else f"{octets:.1f} {unit}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"
