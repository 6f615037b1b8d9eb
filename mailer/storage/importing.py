"""Import a CSV file of people: read twice, once to learn its columns' types, once to take the people in.

Written in batches, each a transaction of its own, so that a send that is under way never waits long; an
import that was interrupted is simply run again. Nothing that is wrong with one row stops another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from mailer.domain.field import FieldType, Guess
from mailer.errors import UsageError
from mailer.storage.columns import OWN_TYPES, Column, TypedColumn, columns, nearest
from mailer.storage.csvfile import CsvFile, Record
from mailer.storage.enrol import Consent, Effect, Enrolment, Entry, enrol
from mailer.storage.fieldtypes import declare_types, known_types
from mailer.storage.people import create_list, list_ids
from mailer.storage.rows import Reject, RowReader, cell
from mailer.storage.schema import lists

BATCH = 1000  # rows


@dataclass(frozen=True, slots=True)
class Import:
    """What to import: `mapping` is heading to field, `types` are the declared ones by field."""

    path: Path
    lists: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    create_lists: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Report:
    """What an import did, or in a dry run would do. Each row counts in one of the first five."""

    columns: tuple[TypedColumn, ...]
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    kept_out: int = 0  # of those taken in: had left one of the lists, and stay off it
    suppressed: int = 0  # of those taken in: are never mailed

    @property
    def rows(self) -> int:
        """How many rows below the header have been dealt with."""
        return self.added + self.updated + self.unchanged + self.duplicates + self.rejected

    def count_reject(self, reject: Reject) -> None:
        """Count a row that isn't taken in."""
        if reject.duplicate:
            self.duplicates += 1
        else:
            self.rejected += 1

    def count(self, enrolment: Enrolment) -> None:
        """Count a person taken in."""
        self.added += enrolment.effect is Effect.ADDED
        self.updated += enrolment.effect is Effect.UPDATED
        self.unchanged += enrolment.effect is Effect.UNCHANGED
        self.kept_out += bool(enrolment.kept_out)
        self.suppressed += enrolment.suppressed is not None


def run_import(
    engine: Engine,
    request: Import,
    now: datetime,
    on_reject: Callable[[Reject], None],
    on_progress: Callable[[int, int], None],
) -> Report:
    """Import a file; a dry run does the same and rolls each batch back.

    `on_progress` gets the rows done and the rows in all after each batch. UsageError for a file, a column or
    a list that can't be used: then nothing was written.
    """
    file = CsvFile.open(request.path)
    plain = columns(file.header, request.path, request.mapping)
    _refuse_unknown_types(request.types, plain)
    with engine.connect() as connection:
        known = known_types(connection) | dict(request.types)
    types, total = _learn(file, plain, known)
    report = Report(tuple(column.typed(types.get(column.field, FieldType.TEXT)) for column in plain))
    reader = RowReader(report.columns, len(file.header.cells))
    free = [column.field for column in plain if column.field not in OWN_TYPES]
    fields = {name: types[name] for name in free if name in types}

    def take_in(entries: Sequence[Entry]) -> None:
        with engine.begin() as connection:
            declare_types(connection, fields)
            consent = Consent(_lists(connection, request, now), f"import {request.path.name}", now)
            for enrolment in enrol(connection, entries, consent):
                report.count(enrolment)
            if request.dry_run:
                connection.rollback()

    take_in(())  # lists and types, and what is wrong with them, stand before the first person
    rows = file.records()
    while chunk := list(islice(rows, BATCH)):
        read = [reader.read(row) for row in chunk]
        for reject in read:
            if isinstance(reject, Reject):
                report.count_reject(reject)
                on_reject(reject)
        take_in([entry for entry in read if isinstance(entry, Entry)])
        on_progress(report.rows, total)
    return report


def _refuse_unknown_types(types: Mapping[str, FieldType], found: Sequence[Column]) -> None:
    names = [column.field for column in found]
    for name in types:
        if name in OWN_TYPES:
            raise UsageError(f"--type {name}: this field always is {OWN_TYPES[name]}")
        if name not in names:
            near = nearest(name, names)
            hint = f"; did you mean {near}?" if near else ""
            raise UsageError(
                f"--type names a field {name!r} that no column fills{hint}",
                next_step=f"The fields are: {', '.join(names)}",
            )


def _learn(
    file: CsvFile, found: Sequence[Column], known: Mapping[str, FieldType]
) -> tuple[dict[str, FieldType], int]:
    """Return the type of each field that has one already or a value in the file, and the number of rows."""
    types = OWN_TYPES | dict(known)
    guesses = {column: Guess() for column in found if column.field not in types}
    total = 0
    for row in file.records():
        total += 1
        if isinstance(row, Record):
            for column, guess in guesses.items():
                guess.see(cell(row, column))
    return types | {column.field: guess.type for column, guess in guesses.items() if guess.seen}, total


def _lists(connection: Connection, request: Import, now: datetime) -> tuple[int, ...]:
    if request.create_lists:
        known = set(connection.scalars(select(lists.c.name)))
        for name in dict.fromkeys(request.lists):
            if name not in known:
                create_list(connection, name, now)
    return list_ids(connection, tuple(dict.fromkeys(request.lists)))
