"""A workspace for the tests of the pages behind links."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, Row, select

from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.signed_links import LinkToken, sign_token
from mailer.people.enrol import Consent, Entry, enrol
from mailer.store.schema import consents, subscriptions

DATABASE = "sqlite:///mailer.db"
KEY = b"a key of the harbour"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Harbour:
    """A workspace with two lists, a send to both, and `mailer serve` running on it."""

    root: Path
    url: str
    database: Engine
    log: Path
    weekly: int
    tides: int
    send: int

    def join(self, email: str, *list_ids: int) -> int:
        """Take a person in and return their id."""
        consent = Consent(list_ids or (self.weekly,), Source(SourceKind.BEFORE, "test"), NOW)
        with self.database.begin() as connection:
            return enrol(connection, [Entry(Address.parse(email))], consent)[0].subscriber_id

    def token(self, subscriber_id: int, send_id: int | None = None, list_id: int | None = None) -> str:
        return sign_token(KEY, LinkToken(send_id or self.send, subscriber_id, list_id or self.weekly))

    def rows(self) -> list[Row[tuple[object, ...]]]:
        """Every subscription as it stands."""
        with self.database.connect() as connection:
            return list(connection.execute(select(subscriptions).order_by(subscriptions.c.subscriber_id)))

    def consents(self, subscriber_id: int) -> list[Row[tuple[object, ...]]]:
        """All that the ledger of consent says of somebody."""
        said = select(consents).where(consents.c.subscriber_id == subscriber_id).order_by(consents.c.id)
        with self.database.connect() as connection:
            return list(connection.execute(said))

    def status(self, subscriber_id: int) -> dict[int, tuple[str, str]]:
        """Status and source by list."""
        return {
            row.list_id: (row.status, row.source) for row in self.rows() if row.subscriber_id == subscriber_id
        }


@contextmanager
def serving(root: Path, log: Path) -> Iterator[str]:
    """Run `mailer serve` on a free port and yield its address."""
    command = [sys.executable, "-m", "mailer", "-C", str(root), "serve", "--port", "0"]
    with log.open("w+") as said, subprocess.Popen(command, stderr=said, stdout=said) as running:
        try:
            while "Serving on " not in log.read_text():
                assert running.poll() is None, log.read_text()
                time.sleep(0.01)
            yield log.read_text().partition("Serving on ")[2].partition(" ")[0].rstrip("./")
        finally:
            running.terminate()
            assert running.wait(120) == 0
