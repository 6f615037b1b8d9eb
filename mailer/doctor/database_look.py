"""A look at a database's file and its journals from outside: nothing is made, migrated or written."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from mailer.domain.moment import utc_text
from mailer.ledger.journal import KEPT
from mailer.store.files import is_locked

LIMIT = 5.0  # seconds for reading a database through
STEPS = 10_000  # of SQLite's virtual machine between two looks at the clock

SENDERS = "SELECT name, sender FROM lists WHERE sender IS NOT NULL AND deleted_at IS NULL ORDER BY name"

# Notices that were given up, by when they were noted at the earliest.
UNTOLD = """
    SELECT count(DISTINCT w.notice_id) FROM notice_ways w JOIN admin_notices n ON n.id = w.notice_id
    WHERE w.state = 'given up' AND n.at >= :since
"""


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """What a database file is like. Sizes are in octets.

    `revision` is None for a database without tables of ours; `damage` is empty if none was found, and `read`
    is False where there was no time to look at all of it. `audience` is how many people the largest list has.
    """

    revision: str | None
    damage: str
    read: bool
    octets: int
    free: int
    log: int
    audience: int


def look_at(path: Path) -> DatabaseLook:
    """Read the database at `path`; sqlite3.Error if it is none or can't be read."""
    with closing(_opened(path)) as connection:
        pages, page, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size", "freelist_count")
        )
        revision, audience = _revision(connection), _audience(connection)
        damage, read = _damage(connection)
    log = path.with_name(f"{path.name}-wal")
    return DatabaseLook(
        revision, damage, read, pages * page, free * page, log.stat().st_size if log.exists() else 0, audience
    )


def senders_in(path: Path) -> list[tuple[str, str]]:
    """Return the lists that have a sender of their own, by name; sqlite3.Error as `look_at`."""
    with closing(_opened(path)) as connection:
        try:
            return [(name, sender) for name, sender in connection.execute(SENDERS)]
        except sqlite3.OperationalError:
            return []  # not a database of ours, or not yet


def untold_in(path: Path, since: datetime) -> int:
    """Return how many notices of late could not be told; sqlite3.Error as `look_at`."""
    with closing(_opened(path)) as connection:
        try:
            return int(connection.execute(UNTOLD, {"since": utc_text(since)}).fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # not a database of ours, or not yet


def _opened(path: Path) -> sqlite3.Connection:
    # Who opens a database with a write-ahead log for reading only leaves files beside it that others can't
    # take away; who may write cleans up on closing. mode=rw makes no database, and on a disk for reading only
    # it is a connection for reading.
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=1)
    connection.execute("PRAGMA query_only = 1")
    return connection


def _revision(connection: sqlite3.Connection) -> str | None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "alembic_version" not in tables:
        return None
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def _audience(connection: sqlite3.Connection) -> int:
    query = """
        SELECT max(people)
        FROM (SELECT count(*) AS people FROM subscriptions WHERE status = 'subscribed' GROUP BY list_id)
    """
    try:
        return int(connection.execute(query).fetchone()[0] or 0)
    except sqlite3.OperationalError:
        return 0  # not a database of ours, or not yet


def _damage(connection: sqlite3.Connection) -> tuple[str, bool]:
    end = time.monotonic() + LIMIT
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        found = [words for (words,) in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return "", False
    return ("" if found == ["ok"] else "; ".join(found)), True


@dataclass(frozen=True, slots=True)
class JournalLook:
    """How many workers are at work, how many journals dead ones left, how many are kept for a restore.

    `unread` counts those that this user can't open, `octets` what all of them take.
    """

    living: int = 0
    dead: int = 0
    kept: int = 0
    unread: int = 0
    octets: int = 0


def look_at_journals(folder: Path) -> JournalLook:
    """Count the journals in `folder`, which need not be there."""
    living = dead = unread = 0
    for path in folder.glob("[0-9]*"):
        with suppress(FileNotFoundError):
            try:
                at_work = is_locked(path)
            except PermissionError:
                unread += 1
            else:
                living, dead = living + at_work, dead + (not at_work)
    kept = sum(1 for _ in (folder / KEPT).glob("[0-9]*"))
    octets = sum(path.stat().st_blocks * 512 for path in folder.rglob("[0-9]*") if path.is_file())
    return JournalLook(living, dead, kept, unread, octets)
