"""A database in a file of SQLite: made private on first use, migrated, opened for who may be first to.

A database is one file, not whatever has its name: once another one has taken the name (a backup that was
restored, say) `begin` and `connect` raise DatabaseReplaced, so that nothing is read from or written to a file
that was put aside. What was learned from one file (ids, claims) means nothing in another: whoever goes on
opens it anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from logging import WARNING, getLogger
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from mailer.errors import StorageBusy, StorageError
from mailer.store.database import HEAD, WAIT, Database, revision_of
from mailer.store.dialect import written
from mailer.store.faults import gone, read_only, replaced, translate
from mailer.store.files import FileId, access_to, file_id, folder_lock, is_read_only

TURN_TIMEOUT = 10.0  # seconds for those before us in this process
LOOK = 50  # milliseconds that a lock is waited for while others wait for their turn
PRAGMAS = ("PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")

# A pool tells its log of everything; SQLAlchemy quiets those that are its own.
getLogger(f"{__name__}.OneAtATime").setLevel(WARNING)


class OneAtATime(NullPool):
    """Opens a connection for each use and closes it after; the next one waits for that.

    As long as any connection is open, what was committed may stand in SQLite's write-ahead log alone. Whoever
    moves the file by hand leaves the log behind, and with it what was said to be done; worse, the file that
    gets the name next would be read with that log. The last connection that is closed writes all into the
    file and removes the log: with one at a time each is the last.
    """

    _turn = RLock()  # of all databases: the next one may have the name that the last one had

    def _do_get(self) -> ConnectionPoolEntry:
        if not self._turn.acquire(timeout=TURN_TIMEOUT):
            raise StorageBusy(
                "the database is being used by too many at once", next_step="Try again in a moment."
            )
        try:
            return super()._do_get()
        except BaseException:
            self._turn.release()
            raise

    def _do_return_conn(self, record: Any) -> None:
        try:
            super()._do_return_conn(record)
        finally:
            self._turn.release()


class FileDatabase(Database):
    """A database that knows its file from others: see the module's first lines."""

    path: Path
    file: FileId | None = None

    @contextmanager
    def begin(self, *, alone: bool = True, one_moment: bool = False) -> Iterator[Connection]:  # noqa: ARG002
        """Yield a connection that holds the write lock, which SQLite has one of; commit at the end."""
        if is_read_only(self.path):
            raise read_only(self.path)
        transaction = self._locked()
        with transaction.connection as connection, transaction:
            # Whoever exchanges the file has to hold the lock that is ours now: it stays the same from here.
            self.require_same_file()
            log = file_id(self._log)
            yield connection
        # Whoever exchanges it by hand asks for no lock: then all this is in a file that was put aside.
        if self.replaced and isinstance(self.pool, OneAtATime):
            self._put_aside(log)
        self.require_same_file()

    def _locked(self) -> RootTransaction:
        """Return a transaction that holds the write lock; while we wait for that, others have their turn."""
        until = time.monotonic() + WAIT
        while True:
            connection = self.connect().execution_options(begin="BEGIN IMMEDIATE")
            try:
                if isinstance(self.pool, OneAtATime):
                    connection.connection.cursor().execute(f"PRAGMA busy_timeout={LOOK}")
                return connection.begin()
            except StorageBusy:
                connection.close()
                if time.monotonic() > until:
                    raise
                time.sleep(LOOK / 1000)
            except BaseException:
                connection.close()
                raise

    @property
    def _log(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _put_aside(self, log: FileId | None) -> None:
        # SQLite keeps the log of a file that was moved, and would read it with the one that has the name now.
        if log and file_id(self._log) == log:
            self._log.replace(self._log.with_name(f"{self._log.name}.before"))

    @property
    def replaced(self) -> bool:
        """Whether another file has the name now, or none has."""
        return file_id(self.path) != self.file

    def require_same_file(self) -> None:
        """Raise DatabaseReplaced if another file has the name now, or none has."""
        now = file_id(self.path)
        if now is None:
            raise gone(self.path)
        if now != self.file:
            raise replaced(self.path)


def forget_deleted(database: FileDatabase) -> bool:
    """Write the file anew without what was deleted, and empty the log; False if others read it meanwhile."""
    raw = database.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except OperationalError:
        return False
    finally:
        raw.close()
    return not busy


def open_file(path: Path, *, keep_open: bool = True, empty: bool = True) -> tuple[FileDatabase, str | None]:
    """Return the database in the file at `path`, and the revision it had before: None if it was `empty`."""
    database = _database(path, keep_open=keep_open)
    try:
        with folder_lock(path.parent, exclusive=False):
            database.file = file_id(path)
            with database.connect() as connection:
                found = _revision(connection, path)
                current = found == HEAD and (is_read_only(path) or _is_wal(connection))
        if found is None and not empty:
            raise gone(path)
        if not current:
            _require_writable(path, found)
            with folder_lock(path.parent, exclusive=True):
                _upgrade(database, path)
    except BaseException:
        database.dispose()
        raise
    return database, found


def _database(path: Path, *, keep_open: bool) -> FileDatabase:
    plain = create_engine(
        URL.create("sqlite", database=access_to(path), query={"uri": "true"}),
        connect_args={"timeout": WAIT},
        json_serializer=written,
        poolclass=None if keep_open else OneAtATime,
    )
    # Statements carry addresses, and an address has no business in a traceback: hide_parameters.
    database = FileDatabase(plain.pool, plain.dialect, plain.url, hide_parameters=True)
    database.path, database.label = path, str(path)
    event.listen(database, "connect", _on_connect)
    event.listen(database, "checkout", lambda *_: database.require_same_file())
    event.listen(database, "begin", _on_begin)
    event.listen(database, "handle_error", partial(_on_error, path))
    return database


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
    tables = list(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
    return revision_of(connection, tables, str(path), "sqlite:///subscribers/mailer.db")


def _is_wal(connection: Connection) -> bool:
    return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def _require_writable(path: Path, found: str | None) -> None:
    if is_read_only(path):
        is_at = f"at revision {found}" if found else "empty"
        raise StorageError(
            f"the database {path} is {is_at}, this version needs revision {HEAD}, and it is read-only",
            next_step=f"Make {path} and its folder writable for this user, then run: mailer db upgrade",
        )


def _upgrade(database: FileDatabase, path: Path) -> None:
    _switch_to_wal(database)
    with database.begin() as connection:
        if (found := _revision(connection, path)) != HEAD:
            from mailer.store.migrations.run import make, migrate  # alembic costs a fifth of a second

            (migrate if found else make)(connection)


def _switch_to_wal(engine: Engine) -> None:
    # Lasts in the file, and can't happen inside a transaction: hence below SQLAlchemy's own begin.
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()
