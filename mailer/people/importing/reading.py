"""Both readings of the files of an import: what they are, then batches of people, ready to be written."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from typing import Any, Protocol

from mailer.domain.consent import Evidence
from mailer.domain.field import FieldType
from mailer.people.enrol import Entry, Record, recorded
from mailer.people.importing.columns import TypedColumn
from mailer.people.importing.format import BUNDLED, known_among, load_formats
from mailer.people.importing.later_rows import KeptOff, LaterRows
from mailer.people.importing.request import Import
from mailer.people.importing.rows import Reject, Shortened
from mailer.people.importing.sources.opening import opened
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row, UnreadableRow
from mailer.people.importing.twice import Twice
from mailer.people.importing.understanding import Understood, understand
from mailer.people.suppressing import Hashing

BATCH = 5000  # people
AHEAD = 5  # batches that are read before the first of them is written

Tell = Callable[[int], object]
"""Gets to know of each so many rows that were read."""


@dataclass(frozen=True, slots=True)
class ToRead:
    """What is to be read: requests, where their files are, and the types that fields have already."""

    requests: tuple[Import, ...]
    origins: tuple[FileOrigin, ...]
    known: Mapping[str, FieldType]


@dataclass(frozen=True, slots=True)
class Part:
    """One file, understood: `request` is the place of its request; `types` are those of its fields, by name.

    `email` is the place of the column of addresses; `total` is how many rows there are.
    """

    request: int
    origin: FileOrigin
    header: tuple[str, ...]
    email: int
    taken_for: str
    remarks: tuple[str, ...]
    columns: tuple[TypedColumn, ...]
    types: Mapping[str, FieldType]
    lists: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Batch:
    """People in some rows, rows that aren't taken in, and what such rows say of people all the same.

    `folded` and `shortened` are of the part up to here, as `RowReader` counts them.
    """

    records: list[Record]
    rejects: list[Reject]
    refusals: list[Record]
    folded: int
    shortened: Shortened

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle records by columns, which takes a third of the time."""
        told = self.rejects, self.refusals, self.folded, self.shortened
        return _from_columns, (_columns(self.records), *told)


def _columns(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    columns = list(zip(*records, strict=True))
    if columns:
        columns[_EVIDENCE] = tuple(zip(*columns[_EVIDENCE], strict=True))
    return columns


def _from_columns(columns: list[tuple[Any, ...]], *told: Any) -> Batch:
    if columns:
        columns[_EVIDENCE] = tuple(map(Evidence._make, zip(*columns[_EVIDENCE], strict=True)))
    return Batch(list(map(Record._make, zip(*columns, strict=True))), *told)


_EVIDENCE = Record._fields.index("evidence")


class Reading(Protocol):
    """Reads files, in this process or another one (`reading_process`)."""

    def understand(self, tell: Tell) -> list[Part]:
        """Read all of them once.

        UsageError for a file, a column or a list that can't be used, ConsentUnclear.
        """

    def batches(self, place: int, hashing: Hashing, erased: frozenset[str]) -> Iterator[Batch]:
        """Read a part again, which is at this place among them.

        `erased` are the hashes (`Hashing.of`) of those who were, and are not taken in.
        """


class FilesReading:
    """The reading itself."""

    def __init__(self, asked: ToRead, closing: ExitStack) -> None:
        """What is opened is closed by `closing`."""
        self._asked, self._closing = asked, closing
        self._understood: list[Understood] = []
        self._refusals = KeptOff()

    def understand(self, tell: Tell) -> list[Part]:
        """Read all files once; for errors see `Reading`."""
        parts, twice = list[Part](), Twice()
        for place, (request, origin) in enumerate(
            zip(self._asked.requests, self._asked.origins, strict=True)
        ):
            formats = load_formats(*filter(None, (BUNDLED, request.formats)))
            found = opened(origin, sheet=request.sheet, encoding=request.encoding)
            for file in known_among(self._closing.enter_context(found), formats):
                later = LaterRows(self._closing)
                each = understand(file, request, formats, self._asked.known, twice, later, tell)
                self._understood.append(each)
                parts.append(_part(place, each))
        for each in self._understood:
            self._hear(each)
        return parts

    def _hear(self, each: Understood) -> None:
        """Take into account whom the later rows of a part keep mail away from."""
        reader = each.reader(KeptOff())
        read = map(reader.read, each.later.all())
        said = (each.refusal if isinstance(each, Reject) else each for each in read)
        self._refusals.hear(filter(None, said), each.consent.lists)

    def batches(self, place: int, hashing: Hashing, erased: frozenset[str]) -> Iterator[Batch]:
        """Read a part again; see `Reading`.

        Where there are many, people come in the order of their keys: whoever writes them finds in a few pages
        of an index what else is all over it. What rows say that aren't taken in comes last, for it may be of
        somebody among them.
        """
        understood = self._understood[place]
        reader, rows = understood.reader(self._refusals), understood.file.records()
        ready = _Ready(hashing, erased, understood.consent.lists)
        while read := [ready.of(row, reader.read(row)) for row in islice(rows, AHEAD * BATCH)]:
            records = [each for each in read if isinstance(each, Record)]
            rejects = [each for each in read if isinstance(each, Reject)]
            refusals = [recorded(each.refusal, hashing) for each in rejects if each.refusal]
            rejects = [replace(each, refusal=None) if each.refusal else each for each in rejects]
            if len(records) > BATCH:
                records.sort(key=attrgetter("key"))
            last = max(len(records) - 1, 0) // BATCH * BATCH
            for start in range(0, last, BATCH):
                yield Batch(records[start : start + BATCH], [], [], reader.folded, replace(reader.shortened))
            yield Batch(records[last:], rejects, refusals, reader.folded, replace(reader.shortened))
            del read, records  # before as many again are made


@dataclass(frozen=True, slots=True)
class _Ready:
    hashing: Hashing
    erased: frozenset[str]
    lists: Sequence[str]

    def of(self, row: Row | UnreadableRow, read: Entry | Reject) -> Record | Reject:
        """Return what is in a row, ready to be written."""
        if isinstance(read, Reject):
            return read
        record = recorded(read, self.hashing)
        if record.hashed in self.erased:
            return erased(row.line, tuple(row[1]), record.email, self.lists)
        return record


def erased(line: int, cells: tuple[str, ...], email: str, lists: Sequence[str]) -> Reject:
    """Return what becomes of the row of somebody who was erased."""
    how = f": mailer subscribers add {shlex.quote(email)} --list {lists[0]} --resubscribe" if lists else ""
    reason = f"was erased on request, and is taken in again only by their own word{how}"
    return Reject(line, cells, email, reason, erased=True)


def _part(place: int, each: Understood) -> Part:
    email = next(column.index for column in each.columns if column.field == "email")
    return Part(
        place,
        each.file.origin,
        tuple(each.file.header.cells),
        email,
        each.taken_for,
        each.remarks,
        each.columns,
        each.types,
        each.consent.lists,
        each.total,
    )


@contextmanager
def few_collections() -> Iterator[None]:
    """Let garbage be collected seldom: rows leave little, and to look for it took a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(10_000, 5, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
