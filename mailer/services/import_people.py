"""Import a CSV file of people: read twice, once to learn its columns' types, once to take the people in.

Written in batches, each a transaction of its own, so that a send that is under way never waits long; an
import that was interrupted is simply run again. Nothing that is wrong with one row stops another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from mailer.domain.consent import Source, SourceKind
from mailer.domain.field import FieldType, Guess
from mailer.domain.spreadsheet import REJECTS, STATES, csv_line
from mailer.domain.subscriber import Status
from mailer.domain.yes_no import WORDS, YesNo
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Effect, Enrolment, Entry, enrol
from mailer.people.field_types import OWN_TYPES, declare_types, known_types
from mailer.people.importing.columns import (
    Column,
    TypedColumn,
    cell,
    columns,
    nearest,
    refuse_reserved,
    unnamed,
)
from mailer.people.importing.consent import NOTHING, Answers, ConsentUnclear, ConsentWatch, Seen
from mailer.people.importing.csv_file import CsvFile, Row
from mailer.people.importing.exported import ExportWatch
from mailer.people.importing.rows import Reject, RowReader
from mailer.people.lists import create_list, list_ids
from mailer.store.schema import lists

# Beside what is defined here: what a caller answers, and what they are asked or told.
__all__ = [
    "KEPT",
    "Answers",
    "ConsentUnclear",
    "Import",
    "ImportReport",
    "Reject",
    "Seen",
    "import_people",
]

BATCH = 1000  # rows
KEPT = 1000  # rejects in the report, and as many that stand in the file twice
SAMPLE = 20  # rows that say which column is which


@dataclass(frozen=True, slots=True)
class Import:
    """What to import: `mapping` is heading to field, `types` are the declared ones by field.

    `words` are those for true and false; `answers` say what in the file is about consent. `rejects` is the
    file to write rows to that aren't taken in, `by` the login name of who imports it.
    """

    path: Path
    lists: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    create_lists: bool = False
    dry_run: bool = False
    words: YesNo = WORDS
    answers: Answers = NOTHING
    rejects: Path | None = None
    by: str = ""


@dataclass(slots=True)
class ImportReport:
    """What an import did, or in a dry run would do. Each row counts in one of the first six.

    `rejects` are the first rows that weren't taken in, as many at fault as of people in an earlier row.
    """

    columns: tuple[TypedColumn, ...]
    lists: tuple[str, ...] = ()
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    erased: int = 0  # not taken in: of people who were erased
    kept_out: int = 0  # of those taken in: had left one of the lists, and stay off it
    suppressed: int = 0  # of those taken in: are never mailed
    unsubscribed: int = 0  # of those taken in: have left a list, as the file says
    unconfirmed: int = 0  # of those taken in: have not confirmed that they want to be on a list, as it says
    folded: int = 0  # rows in which a line break became a blank
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows below the header have been dealt with."""
        return self.added + self.updated + self.unchanged + self.duplicates + self.rejected + self.erased

    def count_reject(self, reject: Reject) -> None:
        """Count a row that isn't taken in, and keep it if there is room."""
        self.duplicates += reject.duplicate
        self.rejected += not reject.duplicate
        if (self.duplicates if reject.duplicate else self.rejected) <= KEPT:
            self.rejects.append(reject)

    def count(self, entry: Entry, enrolment: Enrolment) -> None:
        """Count a person dealt with."""
        self.erased += enrolment.effect is Effect.ERASED
        if enrolment.effect is Effect.ERASED:
            return
        self.unsubscribed += Status.UNSUBSCRIBED in (entry.statuses or ())
        self.unconfirmed += Status.UNCONFIRMED in (entry.statuses or ())
        self.added += enrolment.effect is Effect.ADDED
        self.updated += enrolment.effect is Effect.UPDATED
        self.unchanged += enrolment.effect is Effect.UNCHANGED
        self.kept_out += bool(enrolment.kept_out)
        self.suppressed += enrolment.suppressed is not None


# Gets the number of rows and yields what counts those done.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


def import_people(
    database: Engine,
    request: Import,
    now: datetime,
    progress: Progress = lambda total: nullcontext(_ignore),  # noqa: ARG005
) -> ImportReport:
    """Import a file; a dry run does the same and rolls each batch back.

    UsageError for a file, a column or a list that can't be used, ConsentUnclear where the file seems to say
    who agreed and it is not clear what: then nothing was written.
    """
    with _rejects_file(request) as write:
        return _import(database, request, now, write, progress)


def _ignore(done: int) -> None:
    """No progress is shown."""


def _import(
    database: Engine,
    request: Import,
    now: datetime,
    write: Callable[[Reject], object],
    progress: Progress,
) -> ImportReport:
    file = CsvFile.open(request.path)
    plain = columns(file.header, request.path, request.mapping, file.first(SAMPLE))
    _refuse_unknown_types(request.types, plain)
    with database.connect() as connection:
        known = known_types(connection) | dict(request.types)
    watch = _watch(request, file, plain)
    types, total = _learn(file, plain, known, request.words, watch)
    consent = watch.understood(tuple(dict.fromkeys(request.lists)))
    kept = [column for column in plain if column not in consent.columns]
    refuse_reserved(kept)
    report = ImportReport(
        tuple(column.typed(types.get(column.field, FieldType.TEXT)) for column in kept), consent.lists
    )
    reader = RowReader(report.columns, len(file.header.cells), file.delimiter, consent, request.words)
    free = [column.field for column in kept if column.field not in OWN_TYPES]
    fields = {name: types[name] for name in free if name in types}

    def take_in(entries: Sequence[Entry], refusals: Sequence[Entry] = ()) -> None:
        with database.begin() as connection:
            declare_types(connection, fields, request.words)
            source = Source(SourceKind.IMPORT, request.path.name, request.by)
            terms = Consent(_lists(connection, request, consent.lists, now), source, now)
            for entry, enrolment in zip(entries, enrol(connection, entries, terms), strict=True):
                report.count(entry, enrolment)
            for refusal in refusals:  # one by one: a person may stand in several rows
                enrol(connection, [refusal], terms)
            if request.dry_run:
                connection.rollback()

    take_in(())  # lists and types, and what is wrong with them, stand before the first person
    rows = file.records()
    with progress(total) as advance:
        while chunk := list(islice(rows, BATCH)):
            read = [reader.read(row) for row in chunk]
            rejects = [each for each in read if isinstance(each, Reject)]
            for reject in rejects:
                report.count_reject(reject)
                write(reject)
            take_in(
                [entry for entry in read if isinstance(entry, Entry)],
                [reject.refusal for reject in rejects if reject.refusal],
            )
            advance(len(chunk))
    report.folded = reader.folded
    return report


@contextmanager
def _rejects_file(request: Import) -> Iterator[Callable[[Reject], object]]:
    """Yield what writes a row to the file of rejects, if there is to be one: its line, the reason, its cells.

    An import reads that file like the one it is from.
    """
    path = request.rejects
    if path is None:
        yield lambda reject: None  # noqa: ARG005
        return
    header = CsvFile.open(request.path).header.cells
    if path.exists() and path.samefile(request.path):
        raise UsageError(f"--rejects {path} is the file to import; name another one")
    try:
        # Other people's addresses: for the owner's eyes only.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--rejects {path} can't be written: {error.strerror}") from None
    with open(descriptor, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123
        out.write(csv_line((*REJECTS, *header)))
        yield lambda reject: out.write(csv_line((reject.line, reject.reason, *reject.cells)))


def _watch(request: Import, file: CsvFile, found: Sequence[Column]) -> ConsentWatch | ExportWatch:
    """Return what looks for consent; what this program wrote is known, unless a person says otherwise."""
    answers = request.answers
    otherwise = answers.settled or answers.status or answers.meanings or {*STATES} & {*answers.ignored}
    if {*STATES} <= {column.field for column in found} and not otherwise:
        return ExportWatch(found)
    return ConsentWatch(
        [*found, *unnamed(file.header, found)], answers, request.path, f"{request.path}:{file.header.line}"
    )


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
    file: CsvFile,
    found: Sequence[Column],
    known: Mapping[str, FieldType],
    words: YesNo,
    watch: ConsentWatch | ExportWatch,
) -> tuple[dict[str, FieldType], int]:
    """Return the type of each field that has one already or a value in the file, and the number of rows."""
    types = OWN_TYPES | dict(known)
    guesses = {column: Guess(column.field, words) for column in found if column.field not in types}
    total = 0
    for row in file.records():
        total += 1
        if isinstance(row, Row):
            watch.see(row)
            for column, guess in guesses.items():
                guess.see(cell(row, column))
    return types | {column.field: guess.type for column, guess in guesses.items() if guess.seen}, total


def _lists(connection: Connection, request: Import, names: tuple[str, ...], now: datetime) -> tuple[int, ...]:
    if request.create_lists:
        known = set(connection.scalars(select(lists.c.name)))
        for name in names:
            if name not in known:
                create_list(connection, name, now)
    return list_ids(connection, names)
