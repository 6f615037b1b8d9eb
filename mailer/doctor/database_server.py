"""A database on a PostgreSQL server: reached safely, of this version, nothing forgotten in a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from mailer.doctor.database import (
    JOURNAL_OCTETS,
    FileSystem,
    judge_journals,
    judge_revision,
    judge_room,
    size,
)
from mailer.doctor.database_look import SENDERS, UNTOLD, look_at_journals
from mailer.doctor.result import Result, error, note, ok, warning
from mailer.errors import MailerError
from mailer.store.postgresql import require_driver, unopened

OLDEST = 13  # the oldest version of PostgreSQL that gets corrections
GUARDS = ("fsync", "full_page_writes")
LOOK = text("""
    SELECT current_setting('server_version_num')::int / 10000 AS version,
        current_setting('server_version') AS version_text,
        current_setting('fsync') AS fsync,
        current_setting('full_page_writes') AS full_page_writes,
        current_setting('transaction_read_only') = 'on' AND pg_is_in_recovery() AS copy,
        coalesce(inet_server_addr() IS NOT NULL, false) AS by_network,
        (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls,
        pg_database_size(current_database()) AS octets,
        to_regclass('alembic_version') IS NOT NULL AND to_regclass('sends') IS NOT NULL AS ours,
        (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS commits
""")
REVISION = text("SELECT version_num FROM alembic_version")
AUDIENCE = text("""
    SELECT coalesce(max(people), 0) FROM (
        SELECT count(*) AS people FROM subscriptions WHERE status = 'subscribed' GROUP BY list_id
    ) AS each_list
""")


@dataclass(frozen=True, slots=True)
class ServerLook:
    """What a database on a server is like.

    `guards` are the settings that let a power cut destroy what was written; `commits` is the server's own
    synchronous_commit; `tls` its version, empty without. `revision` is None for one without tables of ours.
    `audience` is how many people the largest list has, `octets` what the database takes on the server.
    """

    version: int
    version_text: str
    guards: tuple[str, ...]
    commits: str
    copy: bool
    by_network: bool
    tls: str
    octets: int
    revision: str | None
    audience: int


def examine_server(url: URL, journals: Path) -> list[Result]:
    """Look at the database at a URL by `read_url`; nothing is made, migrated or written."""
    room = FileSystem.at(journals)
    try:
        require_driver()
        look = look_at_server(url)
    except MailerError as problem:
        first = error("database.server", problem.problem, problem.next_step or "")
        return [first, *judge_room(room, 0, JOURNAL_OCTETS)]
    return [
        *judge_server_database(look),
        judge_journals(look_at_journals(journals)),
        *judge_room(room, look.audience, JOURNAL_OCTETS),
    ]


def look_at_server(url: URL) -> ServerLook:
    """Ask the server; a MailerError if it can't be asked."""
    database = unopened(url)
    try:
        with database.connect() as connection:
            return _look(connection)
    finally:
        database.dispose()


def senders_on(url: URL) -> list[tuple[str, str]]:
    """Return the lists that have a sender of their own, by name; a MailerError if nobody can be asked."""
    require_driver()
    database = unopened(url)
    try:
        with database.connect() as connection:
            ours = connection.scalar(text("SELECT to_regclass('lists') IS NOT NULL"))
            return [(row.name, row.sender) for row in connection.execute(text(SENDERS))] if ours else []
    finally:
        database.dispose()


def untold_on(url: URL, since: datetime) -> int:
    """Return how many notices of late could not be told; a MailerError if nobody can be asked."""
    require_driver()
    database = unopened(url)
    try:
        with database.connect() as connection:
            ours = connection.scalar(text("SELECT to_regclass('notice_ways') IS NOT NULL"))
            return connection.scalar(text(UNTOLD), {"since": since}) or 0 if ours else 0
    finally:
        database.dispose()


def _look(connection: Connection) -> ServerLook:
    row = connection.execute(LOOK).one()
    return ServerLook(
        row.version,
        row.version_text,
        tuple(name for name in GUARDS if getattr(row, name) == "off"),
        row.commits,
        row.copy,
        row.by_network,
        row.tls or "",
        row.octets,
        connection.scalar(REVISION) if row.ours else None,
        connection.scalar(AUDIENCE) if row.ours else 0,
    )


def judge_server_database(look: ServerLook) -> Iterator[Result]:
    """Say whether the database can be trusted with who was mailed and who left, and how it is backed up."""
    yield _judge_version(look)
    if look.revision is None:
        yield note("database.version", "it is empty; the first command that needs tables makes them")
    else:
        yield judge_revision("the database", look.revision)
    yield _judge_safety(look)
    if look.tls:
        yield ok("database.tls", look.tls)
    elif look.by_network:
        yield note("database.tls", "not encrypted, to this machine itself")
    yield note("database.backup", "is pg_dump's to make; `mailer backup FILE` prints the command")


def _judge_version(look: ServerLook) -> Result:
    what = f"PostgreSQL {look.version_text}, {size(look.octets)}"
    if look.copy:
        return error(
            "database.server",
            f"{what}: a copy that can only be read",
            "Let DATABASE_URL name the server that may be written to.",
        )
    if look.version < OLDEST:
        return warning(
            "database.server", f"{what}: that version gets no corrections any more", "Upgrade the server."
        )
    return ok("database.server", what)


def _judge_safety(look: ServerLook) -> Result:
    if look.guards:
        off = " and ".join(look.guards)
        return error(
            "database.safety",
            f"the server has {off} off: after a power cut it may have forgotten who was mailed and who left",
            "Switch that on in postgresql.conf and restart the server.",
        )
    if look.commits == "off":
        return ok(
            "database.safety", "the server has synchronous_commit off; mailer switches it on for itself"
        )
    return ok("database.safety", "what is committed is on disk")
