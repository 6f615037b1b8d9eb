"""The database file: made private on first use, migrated, opened with the promises the ledger needs.

`engine.begin()` is for writing: it takes the write lock at once, so that a transaction which has read never
fails half-way for the lock. `engine.connect()` is for reading: it sees one moment of the database and neither
waits for a writer nor makes one wait. Errors of the database leave either as a MailerError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError

from mailer.errors import SettingsError, StorageError
from mailer.storage.faults import translate
from mailer.storage.place import folder_lock, make_private

HEAD = "0004"  # the newest migration in migrations/versions; a test holds it there
BUSY_TIMEOUT = 5.0  # seconds
PRAGMAS = ("PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")


class Database(Engine):
    """An engine that knows reading from writing: see the module's first lines."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection that holds the write lock; commit at the end, roll back on an error."""
        with self.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            yield connection


def open_database(url: str, root: Path) -> Engine:
    """Return the database at `url` (relative to `root`), made if there is none and migrated if it is older.

    Raises SettingsError for a URL that isn't SQLite's, StorageError for a file that is unusable or from
    a newer version, StorageBusy and StorageFull as their names say.
    """
    engine, _ = open_upgraded(url, root)
    return engine


def open_upgraded(url: str, root: Path) -> tuple[Engine, str | None]:
    """Return the database as `open_database` does, and the revision it had before: None if it was new."""
    path = database_path(url, root)
    make_private(path)
    engine = _engine(path)
    try:
        with folder_lock(path.parent, exclusive=False):
            with engine.connect() as connection:
                found = _revision(connection, path)
            current = found == HEAD and _is_wal(engine)
        if not current:
            with folder_lock(path.parent, exclusive=True):
                _upgrade(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine, found


def database_path(url: str, root: Path) -> Path:
    """Return the file a `sqlite:///...` URL names, relative to `root`; SettingsError for any other URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "sqlite":
        kind = parsed.drivername if parsed is not None else "something that is not a URL"
        raise SettingsError(
            f"DATABASE_URL names {kind}, and only SQLite is supported for now",
            next_step="Write DATABASE_URL=sqlite:///subscribers/mailer.db, or leave it out.",
        )
    if not parsed.database or parsed.database.startswith((":memory:", "file:")):
        raise SettingsError(
            "DATABASE_URL names no file, and a send must outlive the program",
            next_step="Write DATABASE_URL=sqlite:///subscribers/mailer.db, or leave it out.",
        )
    return root / parsed.database


def _engine(path: Path) -> Database:
    plain = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT},
        json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
    )
    # Statements carry addresses, and an address has no business in a traceback: hide_parameters.
    engine = Database(plain.pool, plain.dialect, plain.url, hide_parameters=True)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    event.listen(engine, "handle_error", partial(_on_error, path))
    return engine


def _on_connect(connection: SqliteConnection, record: object) -> None:  # noqa: ARG001
    # The driver's own idea of when a transaction begins leaves reads outside of it and DDL half inside.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _on_error(path: Path, context: ExceptionContext) -> BaseException | None:
    return translate(context.original_exception, path)


def _revision(connection: Connection, path: Path) -> str | None:
    """Return the migration the database is at, None if it is empty; StorageError if it isn't one of ours."""
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
    if "alembic_version" in tables:
        found: Any = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        _refuse_newer(found, path)
        return str(found)
    if tables:
        raise StorageError(
            f"{path} is the database of another program",
            next_step="Let DATABASE_URL name a file of its own, such as sqlite:///subscribers/mailer.db.",
        )
    return None


def _refuse_newer(found: str | None, path: Path) -> None:
    if found is None or found > HEAD:
        raise StorageError(
            f"{path} was written by a newer version of mailer (revision {found}; this one knows {HEAD})",
            next_step="Upgrade mailer on this machine, or name another file in DATABASE_URL.",
        )


def _is_wal(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def _upgrade(engine: Engine, path: Path) -> None:
    _switch_to_wal(engine)
    with engine.begin() as connection:
        if _revision(connection, path) != HEAD:
            from mailer.storage.migrations.run import migrate  # alembic costs a fifth of a second

            migrate(connection)


def _switch_to_wal(engine: Engine) -> None:
    # Lasts in the file, and can't happen inside a transaction: hence below SQLAlchemy's own begin.
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()
