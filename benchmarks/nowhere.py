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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import count
from multiprocessing import Array
from operator import neg
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from sqlalchemy import func, select, text

import mailer.engine.dispatch
from benchmarks.postgresql import cpu_of
from mailer.bootstrap import App
from mailer.domain.outcome import Accepted, Reply
from mailer.ledger.holding import Holding
from mailer.ledger.ledger import Ledger
from mailer.ledger.marking import MarkedHolding
from mailer.services.begin import begin
from mailer.services.continuing import go_on
from mailer.services.issues import issue_file
from mailer.services.prepare import SendRequest, prepare
from mailer.smtp.account import Account
from mailer.smtp.pool import Work
from mailer.store.schema import chunks

# Octets of each table and of its indexes.
SIZES = {
    "sqlite": (
        "SELECT tbl_name, sum(pgsize) FILTER (WHERE type = 'table'), "
        "coalesce(sum(pgsize) FILTER (WHERE type = 'index'), 0) "
        "FROM dbstat JOIN sqlite_master USING (name) WHERE aggregate = 1 GROUP BY tbl_name"
    ),
    "postgresql": (
        "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    ),
}
PEOPLE = ("subscribers", "subscriptions", "consents")

Sizes = dict[str, tuple[int, int]]


# What is on the bill for itself; the rest of what begins a send is the proof of each render.
BILLED = (
    (Ledger, "freeze", "freeze"),
    (Holding, "take", "take"),
    (Holding, "mark", "mark"),
    (MarkedHolding, "mark", "mark"),
)
PARTS = ("begin", "freeze", "send", "take", "mark")


@dataclass(slots=True)
class Bill:
    """What the parts of a send cost, by name, in seconds: of the clock, of our CPU, of the database server's.

    And in octets what `people` have in the database, by how much each of its `tables` and their `indexes` are
    larger by the send, what is in the `journals`, and what was `written` for it: by SQLite to any file, by
    PostgreSQL to its log. In how many `chunks` it was taken.
    """

    server: int | None = None
    parts: dict[str, Any] = field(default_factory=lambda: {name: Array("d", 3) for name in PARTS})
    people: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    indexes: int = 0
    journals: int = 0
    written: int = 0
    chunks: int = 0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Put what the block costs on the bill; also where it runs in a process that was forked since."""
        before = self._spent(name)
        try:
            yield
        finally:
            part = self.parts[name]
            with part.get_lock():
                part[:] = [sum(each) for each in zip(part, self._spent(name), map(neg, before), strict=True)]

    def _spent(self, name: str) -> tuple[float, float, float]:
        usages = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
        ours = sum(usage.ru_utime + usage.ru_stime for usage in usages)
        # What the server does for one worker can't be told from what it does for another.
        asks = self.server and name not in ("take", "mark")
        return time.monotonic(), ours, cpu_of(self.server) if asks else 0.0

    def data(self) -> dict[str, Any]:
        """Return it for JSON."""
        parts = {name: list(each) for name, each in self.parts.items()}
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"parts": parts}


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
    before, written = _sizes(app), _written(app)
    for owner, method, name in BILLED:
        setattr(owner, method, _billed(bill, getattr(owner, method), name))
    with bill.part("begin"):
        begun = begin(prepared)
    with bill.part("send"):
        report = go_on(app, begun.send)
    if report.queued or report.exit_code:
        sys.exit(report.text())
    bill.written = _written(app) - written
    _weigh_disk(app, bill, before)


def _billed(bill: Bill, method: Callable[..., Any], name: str) -> Callable[..., Any]:
    def billed(*arguments: Any, **named: Any) -> Any:
        with bill.part(name):
            return method(*arguments, **named)

    return billed


def _weigh_disk(app: App, bill: Bill, before: Sizes) -> None:
    after = _sizes(app)
    bill.people = sum(sum(before[table]) for table in PEOPLE)
    bill.tables = {table: size - before[table][0] for table, (size, _) in after.items()}
    bill.indexes = sum(size - before[table][1] for table, (_, size) in after.items())
    bill.journals = sum(path.stat().st_size for path in app.journals.rglob("*") if path.is_file())
    with app.database.connect() as connection:
        bill.chunks = connection.scalar(select(func.count()).select_from(chunks))


def _sizes(app: App) -> Sizes:
    with app.database.connect() as connection:
        rows = connection.execute(text(SIZES[connection.dialect.name]))
        return {table: (int(size or 0), int(indexes)) for table, size, indexes in rows}


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
    Path(report).write_text(json.dumps(bill.data()))


if __name__ == "__main__":
    main()
