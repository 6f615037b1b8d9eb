"""A database of ours, in a file or on a server: opened with the promises that people and ledger need.

`begin()` is for writing: it takes the write lock at once, so that what was read in it stays true until it is
committed, and it never fails half-way for the lock. `connect()` is for reading: it sees one moment of the
database and neither waits for a writer nor makes one wait. Errors of the database leave either as a
MailerError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from mailer.errors import StorageError
from mailer.store.address import file_at, read_url
from mailer.store.presence import FilePresence, Presence
from mailer.store.sharing import OnThisMachine, Sharing

HEAD = "0030"  # the newest migration in migrations/versions; a test holds it there
OURS = {"alembic_version", "subscribers", "sends"}  # who has these is of this program
WAIT = 5.0  # seconds that a lock is waited for


class Database(Engine):
    """An engine that knows reading from writing: see the module's first lines."""

    label: str  # what a person is told of it: the file, or where it is on which server; never a password

    @contextmanager
    def begin(self, *, alone: bool = True, one_moment: bool = False) -> Iterator[Connection]:  # noqa: ARG002
        """Yield a connection that holds the write lock; commit at the end, roll back on an error.

        Not `alone` is for what looks after itself by compare-and-set: on a server others may write beside it.
        With `one_moment` it sees nothing of that, and may change nothing that they change (StorageBusy).
        """
        with super().begin() as connection:
            yield connection

    def presence(self, journals: Path) -> Presence:
        """Return how those who work with it know of each other; `journals` is where theirs lie here."""
        return FilePresence(journals)

    def sharing(self, journals: Path, account: str) -> Sharing:
        """Return how those who send over an account know of each other; `journals` lie beside the file."""
        return OnThisMachine(journals, account)

    @property
    def replaced(self) -> bool:
        """Whether another database has its name now, or none has: then this one is of no use any more."""
        return False


def open_database(url: str, root: Path, *, make: bool = True, keep_open: bool = True) -> Database:
    """Return the database at `url` (relative to `root`), with its tables made or migrated if need be.

    Without `make` there has to be one. Without `keep_open` the files of one of SQLite are open during
    transactions only, of which this process then has one at a time, and in between they may be moved and
    exchanged at will. What this user can't write is opened for reading.

    Raises SettingsError for a URL that can't be used, StorageError for what is no database of ours, can't be
    used or is from a newer version, StorageBusy and StorageFull as their names say.
    """
    if (path := file_at(url, root)) is None:
        from mailer.store.postgresql import open_server  # psycopg is an extra

        return open_server(read_url(url))[0]
    from mailer.store.files import make_private
    from mailer.store.sqlite import open_file

    if make:
        make_private(path)
    return open_file(path, keep_open=keep_open, empty=make)[0]


def open_upgraded(url: str, root: Path) -> tuple[Database, str | None]:
    """Return the database as `open_database` does, and the revision it had before: None if it was new."""
    if (path := file_at(url, root)) is None:
        from mailer.store.postgresql import open_server

        return open_server(read_url(url))
    from mailer.store.files import make_private
    from mailer.store.sqlite import open_file

    make_private(path)
    return open_file(path)


def revision_of(connection: Connection, tables: Collection[str], label: str, another: str) -> str | None:
    """Return the migration that a database with these tables is at, None if it is empty.

    StorageError if it isn't one of ours, which names `another` for DATABASE_URL, or is from a newer version.
    """
    if not tables:
        return None
    if not set(tables) >= OURS:
        raise StorageError(
            f"{label} is the database of another program",
            next_step=f"Let DATABASE_URL name one of its own, such as {another}.",
        )
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is None or found > HEAD:
        raise StorageError(
            f"{label} was written by a newer version of mailer (revision {found}; this one knows {HEAD})",
            next_step="Upgrade mailer on this machine, or name another database in DATABASE_URL.",
        )
    return str(found)
