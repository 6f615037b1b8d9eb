"""Files of people taken in: by `mailer subscribers import`, by the least that a database asks for, and beside
a send that uses the same file of SQLite.
"""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path

from benchmarks.instruments import sink, taken, weigh
from benchmarks.letters import Crowd, Letter, person
from benchmarks.postgresql import Server
from benchmarks.programs import HERE_AND_NOW, bare_environment
from benchmarks.sides import HERE_IN_THE_CLEAR

HEADER = ("email", "name", "member", "mole")
LISTED = ("lists", "create", "tides")
SCATTER = 2_654_435_761  # a prime: addresses come in no order, as people do, and fall all over an index
BATCH = 5000  # rows in a transaction of the floors
TABLE = "CREATE TABLE people (email TEXT PRIMARY KEY, name TEXT, member TEXT, mole TEXT)"


@dataclass(frozen=True, slots=True)
class Taking:
    """What it took to take in so many `rows`: seconds by the clock and of CPU, octets of memory (PSS)."""

    rows: int
    seconds: float
    cpu: float
    server_cpu: float = 0.0
    memory: float = 0.0


@dataclass(frozen=True, slots=True)
class Beside:
    """A send while a file is imported: how many messages and rows, the longest time between two messages
    that were accepted, in seconds, and the same without an import.
    """

    messages: int
    rows: int
    longest: float
    alone: float


def write_people(file: Path, count: int) -> Path:
    """Write so many people to a file, in no order of their addresses."""
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(HEADER)
        for number in range(count):
            email, *values = person(number, varied=False)
            rows.writerow((f"{number * SCATTER % 2**32:x}.{email}", *values))
    return file


def imported(root: Path, file: Path, rows: int, server: Server | None = None) -> Taking:
    """Import a file to a list of a workspace, in a process of its own."""
    before = server.cpu() if server else 0.0
    cost = weigh(_import(root, file), bare_environment())
    return Taking(rows, cost.seconds, cost.cpu, server.cpu() - before if server else 0.0, cost.memory)


def _import(root: Path, file: Path) -> list[str]:
    types = ("--type", "member=text", "--type", "mole=text")
    words = ("subscribers", "import", str(file), "--list", "tides", *types)
    return [str(HERE_AND_NOW.command), "-C", str(root), *words]


def floor(kind: str, file: Path, rows: int, where: str, server: Server | None = None) -> Taking:
    """Take a file in by what a database has for it, and nothing else: see `main`."""
    before = server.cpu() if server else 0.0
    words = [sys.executable, "-m", "benchmarks.importing", kind, str(file), where]
    cost = weigh(words, bare_environment())
    return Taking(rows, cost.seconds, cost.cpu, server.cpu() - before if server else 0.0, cost.memory)


def beside(crowd: Crowd, letter: Letter, file: Path, rows: int) -> Beside:
    """Send to a crowd alone, then while the file is imported; SystemExit if either is not exact."""
    alone = _send(crowd, letter, None)
    return Beside(crowd.count, rows, _send(crowd, letter, file), alone)


def _send(crowd: Crowd, letter: Letter, file: Path | None) -> float:
    with crowd.copy(letter) as root:
        crowd.program.run(root, *LISTED)
        importing = subprocess.Popen(
            _import(root, file) if file else ["true"], env=bare_environment(), stdout=subprocess.DEVNULL
        )
        try:
            with sink("pipelining", "chunking") as server:
                words = [str(crowd.program.command), "-C", str(root), "send-issue", "harbour", "--yes", "-q"]
                weigh(words, {**HERE_IN_THE_CLEAR, "SMTP_PORT": str(server.port)})
            if importing.wait() or taken(server).messages != crowd.count:
                sys.exit("a send and an import beside each other were not exact")
        finally:
            importing.kill()
        crowd.program.run(root, "verify", "harbour")
        return longest_gap(root / "subscribers" / "mailer.db")


def longest_gap(database: Path) -> float:
    """Return the longest time between two outcomes that a ledger has, in seconds."""
    with closing(sqlite3.connect(database)) as connection:
        moments = [at for (at,) in connection.execute("SELECT DISTINCT at FROM outcomes ORDER BY at")]
    times = map(datetime.fromisoformat, moments)
    return max(((then - now).total_seconds() for now, then in pairwise(times)), default=0.0)


def _batches(file: Path) -> Iterator[list[list[str]]]:
    with file.open(newline="") as text:
        rows = csv.reader(text)
        next(rows)
        while batch := list(islice(rows, BATCH)):
            yield batch


def into_sqlite(file: Path, where: str) -> None:
    """Insert the rows into a table of SQLite's whose key is the address."""
    with closing(sqlite3.connect(where, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(TABLE)
        for batch in _batches(file):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", batch)
            connection.execute("COMMIT")


def into_postgresql(file: Path, where: str) -> None:
    """Copy the rows into a table of PostgreSQL's whose key is the address."""
    import psycopg

    with psycopg.connect(where.replace("+psycopg", "")) as connection:
        connection.execute(TABLE)
        for batch in _batches(file):
            with connection.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
                for row in batch:
                    copy.write_row(row)
            connection.commit()


FLOORS: dict[str, Callable[[Path, str], None]] = {"sqlite": into_sqlite, "postgresql": into_postgresql}


def import_table(takings: dict[str, Taking]) -> Iterator[Sequence[str]]:
    """Yield the rows of the table on the page: what each side took."""
    yield "side", "rows", "rows/s", "s", "CPU µs a row", "the server's", "MB"
    for name, found in takings.items():
        yield (
            name,
            f"{found.rows:,}",
            f"{found.rows / found.seconds:,.0f}",
            f"{found.seconds:,.1f}",
            f"{found.cpu / found.rows * 1e6:,.1f}",
            f"{found.server_cpu / found.rows * 1e6:,.1f}",
            f"{found.memory / 1e6:,.0f}",
        )


if __name__ == "__main__":
    kind, file, where = sys.argv[1:]
    FLOORS[kind](Path(file), where)
