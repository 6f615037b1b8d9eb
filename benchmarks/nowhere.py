"""A whole send to nowhere: `python -m benchmarks.nowhere WORKSPACE REPORT [SERVER]`.

The services begin a send and go on with it, worker processes, journals and all; but in the place of
`mailer.smtp.pool.deliver` there is `accept_all`, which has no connections. So there is no socket and no SMTP
conversation in what this costs; to fill each message is in it. What each part cost is written to REPORT as
JSON, with the CPU of the PostgreSQL server whose first process is SERVER.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from sqlalchemy import text

import mailer.engine.dispatch
from benchmarks.postgresql import cpu_of
from mailer.bootstrap import App
from mailer.domain.outcome import Accepted, Reply
from mailer.ledger.ledger import Ledger
from mailer.services.begin import begin
from mailer.services.continuing import go_on
from mailer.services.issues import issue_file
from mailer.services.prepare import SendRequest, prepare
from mailer.smtp.account import Account
from mailer.smtp.pool import Work

# Octets of tables and of indexes.
SIZES = {
    "sqlite": (
        "SELECT coalesce(sum(pgsize) FILTER (WHERE type = 'index'), 0), sum(pgsize) "
        "FROM dbstat LEFT JOIN sqlite_master USING (name) WHERE aggregate = 1"
    ),
    "postgresql": (
        "SELECT sum(pg_indexes_size(oid)), sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
    ),
}


@dataclass(slots=True)
class Part:
    """What a part of the send cost, in seconds: of the clock, of our CPU, of the database server's."""

    seconds: float = 0.0
    cpu: float = 0.0
    database_cpu: float = 0.0


@dataclass(slots=True)
class Bill:
    """What the parts of a send cost, by name; and how much larger the database is by it (octets of tables, of
    indexes), and how many octets were written for it: by SQLite to any file, by PostgreSQL to its log.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    tables: int = 0
    indexes: int = 0
    written: int = 0
    server: int | None = None

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Put what the block costs on the bill."""
        before = self._spent()
        try:
            yield
        finally:
            self.parts[name] = Part(*(now - then for now, then in zip(self._spent(), before, strict=True)))

    def _spent(self) -> tuple[float, float, float]:
        usages = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
        ours = sum(usage.ru_utime + usage.ru_stime for usage in usages)
        return time.monotonic(), ours, cpu_of(self.server) if self.server else 0.0


async def accept_all(work: Work, account: Account, stop: asyncio.Event | None = None, **_: object) -> None:
    """Do for `work` what `mailer.smtp.pool.deliver` does, by a server that takes each message at once.

    As many are handed over together as may be under way on one connection.
    """
    number = count(1)
    while not (stop and stop.is_set()):
        if not (taken := work.take(account.window)):
            if not await work.wait():
                return
            continue
        work.handed([envelope.key for envelope in taken])
        work.settled(
            [(e.key, Accepted(Reply(250, f"2.0.0 Ok: queued as {next(number):010X}"))) for e in taken]
        )
        await asyncio.sleep(0)  # others have their turn


def send(app: App, bill: Bill) -> None:
    """Send the issue `harbour` to nowhere."""
    prepared = prepare(app, SendRequest(issue_file(app, "harbour"), "harbour"))
    sizes, written = _sizes(app), _written(app)
    with bill.part("begin"), _part_of(bill, Ledger, "freeze"):
        begun = begin(prepared)
    with bill.part("send"):
        report = go_on(app, begun.send)
    if report.queued or report.exit_code:
        sys.exit(report.text())
    (bill.tables, bill.indexes) = (now - then for now, then in zip(_sizes(app), sizes, strict=True))
    bill.written = _written(app) - written


@contextmanager
def _part_of(bill: Bill, owner: type, name: str) -> Iterator[None]:
    """Put what a method costs on the bill of its own, too, while the block runs."""
    method = getattr(owner, name)

    def billed(*arguments: Any, **named: Any) -> Any:
        with bill.part(name):
            return method(*arguments, **named)

    setattr(owner, name, billed)
    try:
        yield
    finally:
        setattr(owner, name, method)


def _sizes(app: App) -> tuple[int, int]:
    with app.database.connect() as connection:
        indexes, everything = connection.execute(text(SIZES[connection.dialect.name])).one()
    return int(everything) - int(indexes), int(indexes)


def _written(app: App) -> int:
    with app.database.connect() as connection:
        if connection.dialect.name == "postgresql":
            return int(connection.scalar(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")))
    io = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(io["wchar"])  # proc(5): of the children that were waited for, too


def main() -> None:
    """Send as the arguments say."""
    workspace, report, *server = sys.argv[1:]
    mailer.engine.dispatch.deliver = accept_all
    bill = Bill(server=int(server[0]) if server else None)
    send(App(Path(workspace)), bill)
    Path(report).write_text(json.dumps(asdict(bill)))


if __name__ == "__main__":
    main()
