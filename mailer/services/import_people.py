"""Import files of people: each read twice, once to understand it, once to take the people in.

All are understood before the first is written. Written in batches, each a transaction of its own, so that a
send that is under way never waits long; an import that was interrupted is simply run again. Nothing that is
wrong with one row stops another.
"""

from __future__ import annotations

import gc
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine

from mailer.domain.consent import Source, SourceKind
from mailer.domain.spreadsheet import REJECTS, csv_line
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Effect, Enrolment, Entry, enrol
from mailer.people.field_types import declare_types, known_types
from mailer.people.importing.columns import TypedColumn
from mailer.people.importing.consent import Answers, ConsentUnclear, Seen
from mailer.people.importing.format import BUNDLED, Format, known_among, load_formats
from mailer.people.importing.request import Import
from mailer.people.importing.rows import Reject, Shortened
from mailer.people.importing.sources.opening import opened
from mailer.people.importing.sources.row_file import Row, RowFile, UnreadableRow
from mailer.people.importing.understanding import Understood, understand
from mailer.people.lists import all_ids, create_list, list_ids
from mailer.store.dialect import keep_much_in_memory

# Beside what is defined here: what a caller answers, and what they are asked or told.
__all__ = [
    "KEPT",
    "Answers",
    "ConsentUnclear",
    "Import",
    "ImportReport",
    "Reject",
    "Seen",
    "import_files",
    "import_people",
    "known_formats",
]

BATCH = 5000  # rows
KEPT = 1000  # rejects in the report, and as many that stand in the file twice


@dataclass(slots=True)
class ImportReport:
    """What the import of a file did, or in a dry run would do. Each row counts in one of the first six.

    `name` is the file's, `remarks` what was decided when it was read. `rejects` are the first rows that
    weren't taken in, as many at fault as of people in an earlier row, and as of people who were erased.
    """

    name: str
    taken_for: str
    remarks: tuple[str, ...]
    columns: tuple[TypedColumn, ...]
    lists: tuple[str, ...] = ()
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    erased: int = 0  # not taken in: of people who were erased
    subscribed: int = 0  # of those taken in: agreed to be on a list, and nothing here speaks against it
    kept_out: int = 0  # of those taken in: had left one of the lists, and stay off it
    suppressed: int = 0  # of those taken in: are never mailed
    unsubscribed: int = 0  # of those taken in: have left a list, as the file says
    unconfirmed: int = 0  # of those taken in: have not confirmed that they want to be on a list, as it says
    folded: int = 0  # rows in which a line break became a blank
    shortened: Shortened = field(default_factory=Shortened)  # rows with a number that lost figures
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows below the header have been dealt with."""
        return self.added + self.updated + self.unchanged + self.duplicates + self.rejected + self.erased

    def count_reject(self, reject: Reject) -> None:
        """Count a row that isn't taken in, and keep it if there is room."""
        kind = "duplicates" if reject.duplicate else "erased" if reject.erased else "rejected"
        count = getattr(self, kind) + 1
        setattr(self, kind, count)
        if count <= KEPT:
            self.rejects.append(reject)

    def count(self, entry: Entry, enrolment: Enrolment) -> None:
        """Count a person who was taken in."""
        statuses = (Status.SUBSCRIBED,) * len(self.lists) if entry.statuses is None else entry.statuses
        kept_away = enrolment.kept_out or enrolment.suppressed
        self.subscribed += Status.SUBSCRIBED in statuses and not kept_away
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
    """Import a file that holds one list of people; for errors see `import_files`."""
    [report] = import_files(database, [request], now, progress)
    return report


def import_files(
    database: Engine,
    requests: Sequence[Import],
    now: datetime,
    progress: Progress = lambda total: nullcontext(_ignore),  # noqa: ARG005
) -> list[ImportReport]:
    """Import files, of an archive all that are in it; a dry run does the same and rolls each batch back.

    UsageError for a file, a column or a list that can't be used, ConsentUnclear where a file seems to say
    who agreed and it is not clear what: then nothing was written.
    """
    with database.connect() as connection:
        known = known_types(connection)
    with ExitStack() as closing:
        parts: list[tuple[Import, Understood]] = []
        for request in requests:
            formats = load_formats(*filter(None, (BUNDLED, request.formats)))
            found = opened(request.path, sheet=request.sheet, encoding=request.encoding)
            for file in known_among(closing.enter_context(found), formats):
                parts.append((request, understand(file, request, formats, known)))
        closing.enter_context(_few_collections())
        return [
            _import(database, request, understood, now, progress, several=len(parts) > 1)
            for request, understood in parts
        ]


def known_formats(own: Path) -> list[Format]:
    """Return the formats that are recognised, with those described in the folder `own`, by name."""
    return [each for _, each in sorted(load_formats(BUNDLED, own).items())]


@contextmanager
def _few_collections() -> Iterator[None]:
    """Let garbage be collected seldom: rows leave little, and to look for it took a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(10_000, 5, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _ignore(done: int) -> None:
    """No progress is shown."""


def _import(
    database: Engine,
    request: Import,
    understood: Understood,
    now: datetime,
    progress: Progress,
    *,
    several: bool,
) -> ImportReport:
    file, consent = understood.file, understood.consent
    report = ImportReport(
        str(file.origin), understood.taken_for, understood.remarks, understood.columns, consent.lists
    )
    reader = understood.reader()

    def take_in(read: Sequence[Entry | Reject]) -> Sequence[Enrolment]:
        entries = [each for each in read if isinstance(each, Entry)]
        with database.begin() as connection:
            keep_much_in_memory(connection)
            declare_types(connection, understood.types, request.words)
            source = Source(SourceKind.IMPORT, file.origin.file_name, request.by)
            terms = Consent(_lists(connection, request, consent.lists, now), source, now)
            done = enrol(connection, entries, terms)
            for each in read:  # one by one: a person may stand in several rows
                if isinstance(each, Reject) and each.refusal:
                    enrol(connection, [each.refusal], terms)
            if request.dry_run:
                connection.rollback()
        return done

    take_in(())  # lists and types, and what is wrong with them, stand before the first person
    rows = file.records()
    with _rejects_file(request, file, several=several) as write, progress(understood.total) as advance:
        while chunk := list(islice(rows, BATCH)):
            read = [reader.read(row) for row in chunk]
            for reject in _settle(report, chunk, read, take_in(read)):
                report.count_reject(reject)
                write(reject)
            advance(len(chunk))
    report.folded, report.shortened = reader.folded, reader.shortened
    return report


def _settle(
    report: ImportReport,
    rows: Sequence[Row | UnreadableRow],
    read: Sequence[Entry | Reject],
    done: Iterable[Enrolment],
) -> Iterator[Reject]:
    """Count who was taken in; yield the rows that weren't, in order."""
    enrolments = iter(done)
    for row, each in zip(rows, read, strict=True):
        if isinstance(each, Reject):
            yield each
        elif (enrolment := next(enrolments)).effect is Effect.ERASED:
            yield _erased(row, each.address.typed, report.lists)
        else:
            report.count(each, enrolment)


def _erased(row: Row | UnreadableRow, email: str, names: Sequence[str]) -> Reject:
    how = f": mailer subscribers add {shlex.quote(email)} --list {names[0]} --resubscribe" if names else ""
    reason = f"was erased on request, and is taken in again only by their own word{how}"
    return Reject(row.line, tuple(row[1]), email, reason, erased=True)


@contextmanager
def _rejects_file(request: Import, file: RowFile, *, several: bool) -> Iterator[Callable[[Reject], object]]:
    """Yield what writes a row to the file of rejects, if there is to be one: its line, the reason, its cells.

    An import reads that file like the one it is from. Of several files each has its own.
    """
    path = request.rejects
    if path is None:
        yield lambda reject: None  # noqa: ARG005
        return
    if several:
        path = path.with_name(f"{path.stem}-{file.origin.stem}{path.suffix}")
    if path.exists() and path.samefile(file.origin.path):
        raise UsageError(f"--rejects {path} is the file to import; name another one")
    try:
        # Other people's addresses: for the owner's eyes only.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--rejects {path} can't be written: {error.strerror}") from None
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as out:  # noqa: PTH123
        out.write(csv_line((*REJECTS, *file.header.cells)))
        yield lambda reject: out.write(csv_line((reject.line, reject.reason, *reject.cells)))


def _lists(connection: Connection, request: Import, names: tuple[str, ...], now: datetime) -> tuple[int, ...]:
    if request.create_lists:
        known = all_ids(connection)
        for name in names:
            if name not in known:
                create_list(connection, name, now)
    return list_ids(connection, names)
