"""Import files of people: each read twice, once to understand it, once to take the people in.

All are understood before the first is written. Written in batches, each a transaction of its own, so that a
send that is under way never waits long; an import that was interrupted is simply run again. Nothing that is
wrong with one row stops another.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from mailer.domain.consent import Source, SourceKind
from mailer.domain.spreadsheet import REJECTS, csv_line
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Effect, Enrolment, Record, take_in
from mailer.people.field_types import declare_types, known_types
from mailer.people.importing.columns import TypedColumn
from mailer.people.importing.consent import Answers, ConsentUnclear, Seen
from mailer.people.importing.format import BUNDLED, Format, load_formats
from mailer.people.importing.reading import BATCH, Batch, FilesReading, Part, Reading, ToRead, few_collections
from mailer.people.importing.reading import erased as erased_row
from mailer.people.importing.reading_process import reading_apart
from mailer.people.importing.request import Import
from mailer.people.importing.rows import Reject, Shortened
from mailer.people.importing.sources.origin import FileOrigin, kept
from mailer.people.lists import all_ids, create_list, list_ids
from mailer.people.suppressing import Hashing, erased_hashes
from mailer.store.dialect import keep_much_in_memory

# Beside what is defined here: what a caller answers, and what they are asked or told.
__all__ = [
    "BATCH",
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

KEPT = 1000  # rejects in the report, and as many that stand in the file twice
LARGE = 4 * 1024**2  # octets in files; from then on a second process reads while this one writes


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
    unconfirmed: int = 0  # of those taken in: have not confirmed here or there that they want a list
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

    def count(self, records: Sequence[Record], enrolments: Sequence[Enrolment]) -> None:
        """Count people who were taken in: most of them alike, so that each kind is looked at once."""
        alike = Counter(
            (record.statuses or (), done[1:]) for record, done in zip(records, enrolments, strict=True)
        )
        for (statuses, (effect, kept_out, suppressed, waiting)), people in alike.items():
            if effect is Effect.ERASED:
                continue
            kept_away = kept_out or suppressed or waiting
            self.subscribed += people * (Status.SUBSCRIBED in statuses and not kept_away)
            self.unsubscribed += people * (Status.UNSUBSCRIBED in statuses)
            self.unconfirmed += people * (Status.UNCONFIRMED in statuses or bool(waiting))
            self.added += people * (effect is Effect.ADDED)
            self.updated += people * (effect is Effect.UPDATED)
            self.unchanged += people * (effect is Effect.UNCHANGED)
            self.kept_out += people * bool(kept_out)
            self.suppressed += people * (suppressed is not None)


# Gets the number of rows (None: not known yet) and yields what counts those done.
Progress = Callable[[int | None], AbstractContextManager[Callable[[int], None]]]


def _unseen(total: int | None) -> AbstractContextManager[Callable[[int], None]]:  # noqa: ARG001
    return nullcontext(lambda done: None)  # noqa: ARG005


def import_people(
    database: Engine, request: Import, now: datetime, progress: Progress = _unseen
) -> ImportReport:
    """Import a file that holds one list of people; for errors see `import_files`."""
    [report] = import_files(database, [request], now, progress)
    return report


def import_files(
    database: Engine,
    requests: Sequence[Import],
    now: datetime,
    progress: Progress = _unseen,
    reading: Progress = _unseen,
    *,
    apart: bool | None = None,
) -> list[ImportReport]:
    """Import files, of an archive all that are in it; a dry run does the same and rolls each batch back.

    `reading` shows the first reading, `progress` the writing. `apart`: they are read by a process of its own;
    None: if they are large.

    UsageError for a file, a column or a list that can't be used, ConsentUnclear where a file seems to say
    who agreed and it is not clear what: then nothing was written.
    """
    with database.connect() as connection:
        known = known_types(connection)
        for request in requests:  # an unknown list is said before anything that takes long, or is asked
            if not request.create_lists:
                list_ids(connection, request.lists)
    with ExitStack() as closing:
        origins = tuple(closing.enter_context(kept(request.path)) for request in requests)
        asked = ToRead(tuple(requests), origins, known)
        files = (
            closing.enter_context(reading_apart(asked))
            if (_are_large(origins) if apart is None else apart)
            else FilesReading(asked, closing)
        )
        with reading(None) as advance:
            parts = files.understand(advance)
        closing.enter_context(few_collections())
        works = [_Work(database, requests[part.request], part, now, len(parts) > 1) for part in parts]
        return [work.done(files, place, progress) for place, work in enumerate(works)]


def known_formats(own: Path) -> list[Format]:
    """Return the formats that are recognised, with those described in the folder `own`, by name."""
    return [each for _, each in sorted(load_formats(BUNDLED, own).items())]


def _are_large(origins: Iterable[FileOrigin]) -> bool:
    there = [each.path for each in origins if each.path.is_file()]
    return sum(path.stat().st_size for path in there) >= LARGE


@dataclass(frozen=True, slots=True)
class _Work:
    """The writing of one part; `several`: it is not the only one."""

    database: Engine
    request: Import
    part: Part
    now: datetime
    several: bool

    def done(self, files: Reading, place: int, progress: Progress) -> ImportReport:
        """Write all of it and return what that did."""
        part = self.part
        report = ImportReport(str(part.origin), part.taken_for, part.remarks, part.columns, part.lists)
        hashing, erased = self._begun()
        batches = files.batches(place, hashing, erased)
        with self._rejects_file() as write, progress(part.total) as advance:
            for batch in batches:
                done = self._take_in(batch)
                report.count(batch.records, done)
                for reject in (*batch.rejects, *self._erased(batch.records, done)):
                    report.count_reject(reject)
                    write(reject)
                report.folded, report.shortened = batch.folded, batch.shortened
                advance(len(batch.records) + len(batch.rejects))
        return report

    def _begun(self) -> tuple[Hashing, frozenset[str]]:
        """Let lists and types, and what is wrong with them, stand before the first person.

        Return what hashes addresses, and the hashes of who was erased.
        """
        with self.database.begin() as connection:
            self._terms(connection)
            found = Hashing.made(connection), erased_hashes(connection)
            if self.request.dry_run:
                connection.rollback()
        return found

    def _take_in(self, batch: Batch) -> Sequence[Enrolment]:
        with self.database.begin() as connection:
            keep_much_in_memory(connection)
            terms = self._terms(connection)
            done = take_in(connection, batch.records, terms)
            for each in _apart(batch.refusals):
                take_in(connection, each, terms)
            if self.request.dry_run:
                connection.rollback()
        return done

    def _terms(self, connection: Connection) -> Consent:
        declare_types(connection, self.part.types, self.request.words)
        source = Source(SourceKind.IMPORT, self.part.origin.file_name, self.request.by)
        if self.request.create_lists:
            known = all_ids(connection)
            for name in self.part.lists:
                if name not in known:
                    create_list(connection, name, self.now)
        return Consent(list_ids(connection, self.part.lists), source, self.now)

    def _erased(self, records: Iterable[Record], done: Iterable[Enrolment]) -> Iterator[Reject]:
        """Yield the rows, as far as they are known, of people who were erased since it was begun."""
        for record, enrolment in zip(records, done, strict=True):
            if enrolment.effect is Effect.ERASED:
                cells = ("",) * self.part.email + (record.email,)
                yield erased_row(record.evidence.line or 0, cells, record.email, self.part.lists)

    @contextmanager
    def _rejects_file(self) -> Iterator[Callable[[Reject], object]]:
        """Yield what writes a row to the file of rejects, if there is to be one: line, reason, cells.

        An import reads that file like the one it is from. Of several files each has its own.
        """
        path, origin = self.request.rejects, self.part.origin
        if path is None:
            yield lambda reject: None  # noqa: ARG005
            return
        if self.several:
            path = path.with_name(f"{path.stem}-{origin.stem}{path.suffix}")
        if path.exists() and path.samefile(origin.path):
            raise UsageError(f"--rejects {path} is the file to import; name another one")
        try:
            # Other people's addresses: for the owner's eyes only.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(f"--rejects {path} can't be written: {error.strerror}") from None
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as out:  # noqa: PTH123
            out.write(csv_line((*REJECTS, *self.part.header)))
            yield lambda reject: out.write(csv_line((reject.line, reject.reason, *reject.cells)))


def _apart(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Yield records in order, nobody twice in one yield: a person may stand in several rows."""
    some: dict[str, Record] = {}
    for each in records:
        if each.key in some:
            yield [*some.values()]
            some = {}
        some[each.key] = each
    yield [*some.values()]
