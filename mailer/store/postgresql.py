"""A database on a PostgreSQL server: its tables made on first use, and what a session of ours is held to.

One writer at a time is a lock that writers ask for (`begin`), because whoever reads, decides and writes must
not be overtaken: somebody who leaves while a file is imported stays away. Readers have a snapshot each.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import TimeoutError as NoneFree

from mailer.errors import SettingsError, StorageBusy, StorageError
from mailer.store.address import server_name
from mailer.store.database import HEAD, WAIT, Database, revision_of
from mailer.store.dialect import written
from mailer.store.postgresql_faults import translate, without_details
from mailer.store.presence import Presence
from mailer.store.sharing import Sharing

CONNECTIONS = 4  # of one process; they are opened when they are needed
WRITING = 0x6D61696C  # the number of the advisory lock that a writer holds: "mail"
# The server gives up a session, and the locks it has, soon after its machine is gone without a word.
SESSION = f"""
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET TimeZone = 'UTC';
    SET lock_timeout = {int(WAIT * 1000)};
    SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 2;
    SET tcp_user_timeout = 6000
"""
# So it does where the machine is there, but the process stands still in the middle of what others wait for.
NOT_IDLE = "SET LOCAL idle_in_transaction_session_timeout = '10s'"
TABLES = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
ONE_MOMENT = "REPEATABLE READ"
READING = {"isolation_level": ONE_MOMENT, "postgresql_readonly": True}


class ServerDatabase(Database):
    """A database on a server: see the module's first lines."""

    def connect(self) -> Connection:
        """Return a connection that sees one moment of the database and can't write."""
        return self._connected().execution_options(**READING)

    @contextmanager
    def begin(self, *, alone: bool = True, one_moment: bool = False) -> Iterator[Connection]:
        """Yield a connection in a transaction; `alone` while no other writer is. Commit at the end."""
        level = {"isolation_level": ONE_MOMENT} if one_moment else {}
        with self._connected().execution_options(**level) as connection, connection.begin():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})" if alone else NOT_IDLE))
            yield connection

    def presence(self, journals: Path) -> Presence:
        """Return how those who work with it know of each other, on whatever machine."""
        from mailer.store.session_presence import SessionPresence

        return SessionPresence(self, journals)

    def sharing(self, journals: Path, account: str) -> Sharing:  # noqa: ARG002
        """Return how those who send over an account know of each other, on whatever machine."""
        from mailer.store.listening import Anywhere

        return Anywhere(self, account)

    def _connected(self) -> Connection:
        try:
            return super().connect()
        except NoneFree:
            raise StorageBusy(
                "the database is being used by too many at once", next_step="Try again in a moment."
            ) from None


def open_server(url: URL) -> tuple[ServerDatabase, str | None]:
    """Return the database at a URL by `read_url`, and the revision it had before: None if it was empty."""
    require_driver()
    database = unopened(url)
    try:
        with database.connect() as connection:
            found = _revision(connection, database.label)
        if found != HEAD:
            _upgrade(database)
    except BaseException:
        database.dispose()
        raise
    return database, found


def require_driver() -> None:
    """Raise SettingsError, which says how to install it, if psycopg is not there."""
    if find_spec("psycopg") is None:
        raise SettingsError(
            "DATABASE_URL names a PostgreSQL database, and psycopg, which speaks to it, is not installed",
            next_step="Install it: pip install 'mailer-dispatch[postgresql]'",
        )


def unopened(url: URL) -> ServerDatabase:
    """Return the database at a URL by `read_url`, which nobody has looked at yet."""
    _trust_the_system()
    plain = create_engine(
        url,
        isolation_level="READ COMMITTED",
        json_serializer=written,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT,
        pool_pre_ping=True,  # the server was perhaps restarted since
    )
    # Statements carry addresses, and an address has no business in a traceback: hide_parameters.
    database = ServerDatabase(plain.pool, plain.dialect, plain.url, hide_parameters=True)
    database.label = server_name(url)
    event.listen(database, "connect", _on_connect)
    event.listen(database, "handle_error", partial(_on_error, database.label))
    return database


def _trust_the_system() -> None:
    # psycopg's wheels bring an OpenSSL that looks for the system's roots where it was built; Python knows
    # where they are, and for `sslrootcert=system` libpq goes by what the environment says.
    paths = ssl.get_default_verify_paths()
    for name, place in ((paths.openssl_cafile_env, paths.cafile), (paths.openssl_capath_env, paths.capath)):
        if place:
            os.environ.setdefault(name, place)


def _on_connect(connection: Any, record: object) -> None:  # noqa: ARG001
    connection.execute(SESSION)
    connection.commit()


def _on_error(label: str, context: ExceptionContext) -> BaseException | None:
    fault = translate(context.original_exception, label)
    if fault is None:
        for error in filter(None, (context.original_exception, context.sqlalchemy_exception)):
            without_details(error)
    return fault


def _revision(connection: Connection, label: str) -> str | None:
    tables = connection.scalars(text(TABLES)).all()
    return revision_of(connection, tables, label, "what this makes: createdb mailer")


def _upgrade(database: ServerDatabase) -> None:
    with database.begin() as connection:
        found = _revision(connection, database.label)  # another one may have been first
        if found == HEAD:
            return
        from mailer.store.migrations.run import make, migrate  # alembic costs a fifth of a second

        if found is None:
            _require_unicode(connection, database.label)
            make(connection)
        else:
            migrate(connection)


def _require_unicode(connection: Connection, label: str) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise StorageError(
            f"the database {label} is encoded as {encoding}, which can't hold every name",
            next_step="Make another one: createdb --encoding=UTF8 --template=template0 mailer",
        )
