"""Who is at work with a database on a server, and whose turn it is: sessions that hold advisory locks.

The server gives a lock up when the session ends that has it, however it ends. What a person is told of the
holder is the session's own name, which administrators of the server see, too. Whoever loses the session (the
server was restarted) has lost the turn without knowing; nobody gets a message twice for that, because who is
sent to is claimed in the ledger.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import Connection, Error, connect
from psycopg.errors import LockNotAvailable
from sqlalchemy import Integer, Row, cast, delete, func, select, text

from mailer.errors import AtWork, StorageBusy, UsageError
from mailer.store.dialect import put
from mailer.store.files import living
from mailer.store.postgresql_faults import translate
from mailer.store.presence import LOOK, Doing, Present, Sighting
from mailer.store.schema import machines

if TYPE_CHECKING:
    from mailer.store.postgresql import ServerDatabase

# The first numbers of our advisory locks; the second says which turn.
WORK, TURN = 0x6D61696D, 0x6D61696E
LOST = 10  # seconds in which whoever is at work says so many times
FORGOTTEN = timedelta(hours=1)  # after which one that was lost is spoken of no more
NAME_OCTETS = 63  # of what PostgreSQL keeps of a session's name
SIGNED = re.compile(r"mailer (\S+) (\d+) on (\S+)")
# A machine that is gone without a word is noticed in seconds, not in the two hours that are usual.
ALIVE = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
HOLDERS = text("""
    SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid = :kind AND objid = :number AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY backend_start
""")


class SessionPresence:
    """Presence with a database on a server; `journals` are those of this machine."""

    def __init__(self, database: ServerDatabase, journals: Path) -> None:
        self._database = database
        self._journals = journals

    @contextmanager
    def at_work(self, command: str) -> Iterator[None]:
        """See `Presence`."""
        with self._session(command) as session:
            if not self._has(session, f"pg_advisory_lock_shared({WORK}, 0)"):
                raise StorageBusy(
                    f"the database {self._database.label} is being moved, by {self._names(WORK, 0)}",
                    next_step="Run the same command again when that is done.",
                )
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """See `Presence`."""
        with self._session("db") as session:
            if living(self._journals) or not self._has(session, f"pg_advisory_lock({WORK}, 0)"):
                raise UsageError(
                    f"the database {self._database.label} is in use: {self._names(WORK, 0)}",
                    next_step="Stop what is at work, or let it finish; then run the same command again.",
                )
            yield

    @contextmanager
    def turn(self, number: int, command: str, *, wait: float = LOOK) -> Iterator[None]:
        """See `Presence`."""
        with self._session(command) as session:
            if not self._has(session, f"pg_advisory_lock({TURN}, {number})", wait):
                raise AtWork(self._names(TURN, number))
            yield

    def whose_turn(self, number: int) -> Present | None:
        """See `Presence`."""
        return next(self._holders(TURN, number), None)

    def says(self, present: Present, doing: Doing | None) -> None:
        """See `Presence`."""
        key = {"host": present.host, "pid": present.pid}
        with self._database.begin(alone=False) as connection:
            if doing is None:
                connection.execute(delete(machines).filter_by(**key))
                connection.execute(delete(machines).where(machines.c.seen_at < func.now() - FORGOTTEN))
                return
            since = datetime.fromisoformat(present.since)
            told = {"command": present.command, "since": since, "seen_at": func.now(), **asdict(doing)}
            put(connection, machines, key, told)

    def seen(self) -> list[Sighting]:
        """See `Presence`."""
        unseen = cast(func.extract("epoch", func.now() - machines.c.seen_at), Integer)
        query = select(machines, unseen.label("unseen")).order_by(machines.c.host, machines.c.pid)
        with self._database.connect() as connection:
            told = [_seen(row) for row in connection.execute(query)]
        known = {_signature(each.present) for each in told}
        # Sessions of who doesn't send just now. Processes that take jobs tell of themselves.
        idle = (each for each in self._holders(WORK, 0) if each.command != "work")
        return told + [Sighting(each, Doing()) for each in idle if _signature(each) not in known]

    @contextmanager
    def _session(self, command: str) -> Iterator[Connection]:
        """Open a session of its own: no pool's, in which others would come to have its locks."""
        url = self._database.url.update_query_dict({"application_name": _signature(Present.here(command))})
        arguments, named = self._database.dialect.create_connect_args(url)
        with self._translated():
            session = connect(*arguments, **named, autocommit=True)
        file = session.fileno()  # one that was lost meanwhile can't say
        _held.add(file)
        try:
            with self._translated():
                session.execute(ALIVE)
            yield session
        finally:
            _held.discard(file)
            session.close()

    def _has(self, session: Connection, lock: str, wait: float = LOOK) -> bool:
        with self._translated():
            session.execute(f"SET lock_timeout = {max(1, int(wait * 1000))}".encode())
            try:
                session.execute(f"SELECT {lock}".encode())
            except LockNotAvailable:
                return False
        return True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Error as error:
            raise translate(error, self._database.label) or error from None

    def _holders(self, kind: int, number: int) -> Iterator[Present]:
        with self._database.connect() as connection:
            rows = connection.execute(HOLDERS, {"kind": kind, "number": number}).all()
        for name, since in rows:
            if signed := SIGNED.match(name or ""):
                yield Present(signed[1], int(signed[2]), signed[3], since.astimezone(UTC).isoformat())

    def _names(self, kind: int, number: int) -> str:
        return ", ".join(map(str, self._holders(kind, number))) or "another process"


def _seen(row: Row[Any]) -> Sighting:
    present = Present(row.command, row.pid, row.host, row.since.isoformat())
    doing = Doing(row.send_id, row.settled, row.rate)
    return Sighting(present, doing, row.unseen if row.unseen > LOST else None)


def _signature(present: Present) -> str:
    name = f"mailer {present.command or '-'} {present.pid} on {present.host}"
    return name.encode("ascii", "replace")[:NAME_OCTETS].decode()


_held: set[int] = set()  # the sockets of sessions


def _leave_to_the_parent() -> None:
    # The server takes a session for alive, and its locks for held, while any process has its socket.
    nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for file in _held:
        os.dup2(nowhere, file, inheritable=False)
    os.close(nowhere)
    _held.clear()


os.register_at_fork(after_in_child=_leave_to_the_parent)
