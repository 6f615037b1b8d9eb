"""The row of an account that several send over: whoever holds it decides alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from mailer.ledger.outcomes import note_passed
from mailer.store.database import Database
from mailer.store.dialect import add_missing, clock
from mailer.store.schema import accounts


@dataclass(slots=True)
class AccountRow:
    """An account while nobody else can change it: its `state`, for others to read once the block has ended.

    `now`: the database's clock, in seconds since 1970.
    """

    connection: Connection
    account: str
    state: str
    now: float

    @property
    def moment(self) -> datetime:
        """The database's clock."""
        return datetime.fromtimestamp(self.now, UTC)

    def count(self, messages: int) -> None:
        """Count messages as passed of which nobody knows whether they were sent."""
        note_passed(self.connection, self.account, self.moment, messages)


@dataclass(frozen=True, slots=True)
class SharedAccounts:
    """The row of one `account` (`ledger.pace_memory.account_key`)."""

    database: Database
    account: str

    @contextmanager
    def locked(self) -> Iterator[AccountRow]:
        """Yield the row, which is made if there is none; what its state is then is kept."""
        with self.database.begin(alone=False) as connection:
            mine = accounts.c.account == self.account
            add_missing(connection, accounts, {"account": self.account, "state": ""})
            state = connection.scalar(select(accounts.c.state).where(mine).with_for_update()) or ""
            # Not before the lock is had: who had it until now may have had it for long.
            now = connection.scalar(select(clock())) or 0.0
            row = AccountRow(connection, self.account, state, now)
            yield row
            if row.state != state:
                connection.execute(update(accounts).where(mine).values(state=row.state))
