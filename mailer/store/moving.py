"""All that a database holds, copied into an empty one of either kind and proved to be the same there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, exists, func, select

from mailer.domain.moment import utc_text
from mailer.errors import StorageError, UsageError
from mailer.store.dialect import highest_id, load, never_give
from mailer.store.schema import metadata

BATCH = 2_000  # rows
SUM = 1 << 256

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that both databases hold alike: how many rows, and the hash of all of them, in hex."""

    table: str
    rows: int
    digest: str


def count_rows(connection: Connection) -> int:
    """Return how many rows all tables have together."""
    counts = (select(func.count()).select_from(table) for table in metadata.sorted_tables)
    return sum(connection.scalar(count) or 0 for count in counts)


def copy_all(source: Connection, target: Connection, progress: Progress) -> list[Copied]:
    """Copy every table, and the ids that are never given again.

    `progress` hears how many more rows were written or read back. UsageError if the target holds anything,
    StorageError if what was written does not read as what was to be.
    """
    for table in metadata.sorted_tables:
        if target.scalar(select(exists(select(table)))):
            raise UsageError(
                f"the database to move to is not empty: there is something in {table.name}",
                next_step="Name one that is new: nothing that it holds can be told from what is moved.",
            )
    return [_copy(table, source, target, progress) for table in metadata.sorted_tables]


def _copy(table: Table, source: Connection, target: Connection, progress: Progress) -> Copied:
    sent, found = _Tally(), _Tally()
    for rows in sent.counting(_read(source, table)):
        load(target, table, rows)
        progress(len(rows))
    never_give(target, table, highest_id(source, table))
    for rows in found.counting(_read(target, table)):
        progress(len(rows))
    if sent != found:
        raise StorageError(
            f"the table {table.name} reads otherwise where it was written to: {sent} became {found}; "
            "nothing was moved",
            next_step="Keep to the database that you have, and report this.",
        )
    return Copied(table.name, sent.rows, f"{sent.sum:064x}")


def _read(connection: Connection, table: Table) -> Iterator[Sequence[Sequence[Any]]]:
    found = connection.execute(select(table).execution_options(yield_per=BATCH))
    return (part for part in found.partitions())


@dataclass(slots=True)
class _Tally:
    """Rows in any order: how many, and the sum of their hashes."""

    rows: int = 0
    sum: int = 0

    def counting(self, batches: Iterable[Sequence[Sequence[Any]]]) -> Iterator[Sequence[Sequence[Any]]]:
        for batch in batches:
            self.rows += len(batch)
            self.sum = (self.sum + sum(map(_hash, batch))) % SUM
            yield batch

    def __str__(self) -> str:
        return f"{self.rows:,} rows ({self.sum:064x})"


def _hash(row: Sequence[Any]) -> int:
    words = json.dumps(tuple(row), ensure_ascii=False, default=_plain)
    return int.from_bytes(sha256(words.encode()).digest())


def _plain(value: object) -> str:
    match value:
        case datetime():
            return utc_text(value)
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
    raise TypeError(f"{type(value).__name__} is in no table")
