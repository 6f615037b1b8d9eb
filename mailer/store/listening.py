"""Those who send over an account with one database on a server: each listens for what the others announce.

What there is to know stands in the account's row; an announcement only says when to look. So nothing is lost
with the session that listens, but time: whoever hears nothing looks every second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import Connection, Error, connect
from sqlalchemy import Connection as Transaction
from sqlalchemy import func, select

from mailer.store.postgresql_faults import translate

if TYPE_CHECKING:
    from mailer.store.postgresql import ServerDatabase


class Anywhere:
    """Those who may be on any machine (`mailer.store.sharing.Sharing`)."""

    def __init__(self, database: ServerDatabase, account: str) -> None:
        self._database = database
        self._channel = f"mailer_{account}"

    @contextmanager
    def present(self, name: str, wake: Callable[[], None]) -> Iterator[None]:  # noqa: ARG002
        """See `Sharing`; to be entered in a running event loop."""
        session = self._listening()
        loop, socket = asyncio.get_running_loop(), session.fileno()

        def heard() -> None:
            try:
                for _ in session.notifies(timeout=0):
                    wake()
            except Error:  # the server is gone, and what it would have said with it
                loop.remove_reader(socket)

        loop.add_reader(socket, heard)
        try:
            yield
        finally:
            loop.remove_reader(socket)
            session.close()

    def others(self, name: str) -> frozenset[str] | None:  # noqa: ARG002
        """See `Sharing`."""
        return None

    def announce(self, transaction: Transaction) -> None:
        """See `Sharing`."""
        transaction.execute(select(func.pg_notify(self._channel, "")))

    def _listening(self) -> Connection:
        arguments, named = self._database.dialect.create_connect_args(self._database.url)
        try:
            session = connect(*arguments, **named, autocommit=True)
            session.execute(f'LISTEN "{self._channel}"'.encode())
        except Error as error:
            raise translate(error, self._database.label) or error from None
        return session
