"""Connections of which a process has one at a time, so that nothing but the database itself is left between.

As long as any connection is open, what was committed may stand in SQLite's write-ahead log alone. Whoever
moves the file by hand leaves the log behind, and with it what was said to be done; worse, the file that gets
the name next would be read with that log. The last connection that is closed writes all into the file and
removes the log: with one at a time each is the last.
"""

from __future__ import annotations

from logging import WARNING, getLogger
from threading import RLock
from typing import Any

from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from mailer.errors import StorageBusy

# A pool tells its log of everything; SQLAlchemy quiets those that are its own.
getLogger(__name__).setLevel(WARNING)

WAIT = 10.0  # seconds for those before us


class OneAtATime(NullPool):
    """Opens a connection for each use and closes it after; the next one waits for that."""

    _turn = RLock()  # of all databases: the next one may have the name that the last one had

    def _do_get(self) -> ConnectionPoolEntry:
        if not self._turn.acquire(timeout=WAIT):
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
