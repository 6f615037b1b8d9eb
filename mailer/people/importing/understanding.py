"""The first reading of a file of people: what it is, what its columns are, and what it says of consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mailer.domain.field import FieldType, Guess
from mailer.domain.spreadsheet import STATES
from mailer.domain.yes_no import YesNo
from mailer.errors import UsageError
from mailer.people.field_types import OWN_TYPES
from mailer.people.importing.columns import (
    Column,
    TypedColumn,
    cell,
    columns,
    nearest,
    refuse_reserved,
    unnamed,
)
from mailer.people.importing.consent import ConsentWatch
from mailer.people.importing.evidence import EvidenceReader, evidence_reader
from mailer.people.importing.exported import ExportReader, ExportWatch
from mailer.people.importing.format import Described, Format, describe
from mailer.people.importing.request import Import
from mailer.people.importing.rows import RowReader
from mailer.people.importing.said import ConsentReader
from mailer.people.importing.sources.row_file import Row, RowFile
from mailer.people.importing.sources.spread_file import spread
from mailer.people.importing.twice import Twice

SAMPLE = 20  # rows that say which column is which
AT_ONCE = 500  # rows looked at in the first reading: much of what there is to see is the same in many


@dataclass(frozen=True, slots=True)
class Understood:
    """A file whose rows can be taken in: its columns of the types they have, and what reads of consent.

    `types` are those of its fields, by name; `total` is how many rows it has.
    """

    file: RowFile
    described: Described
    columns: tuple[TypedColumn, ...]
    types: Mapping[str, FieldType]
    consent: ConsentReader | ExportReader
    evidence: EvidenceReader
    twice: Twice
    words: YesNo
    total: int

    @property
    def taken_for(self) -> str:
        """What the file was taken for, and why."""
        form = self.described.format
        return f"an export of {form.title}: {self.described.why}" if form else self.file.kind

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was decided while reading it, to be said aloud."""
        header = [f"the header is line {self.file.header.line}"] if self.file.is_titled else []
        return (*self.file.remarks, *header)

    def reader(self) -> RowReader:
        """Return what makes people of its rows."""
        signs = self.described.separators
        separators = {each.field: signs[each.heading] for each in self.columns if each.heading in signs}
        return RowReader(
            self.columns,
            len(self.file.header.cells),
            self.file.delimiter,
            self.consent,
            self.twice,
            self.words,
            separators,
            self.evidence,
        )


def understand(
    file: RowFile, request: Import, formats: Mapping[str, Format], known: Mapping[str, FieldType]
) -> Understood:
    """Read a file once; `known` are the types that fields have already.

    UsageError for a column or a list that can't be used, ConsentUnclear where it is not clear who agreed.
    """
    described = describe(file, formats, request.format)
    file = spread(file, described.spread) if described.spread else file
    plain = columns(file.header, file.origin, _mapping(request, described), file.first(SAMPLE))
    _refuse_unknown_types(request.types, plain)
    watch = _watch(request, file, plain, described)
    twice = Twice()
    types, total = _learn(file, plain, OWN_TYPES | {**known, **request.types}, request.words, watch, twice)
    consent = watch.understood(tuple(dict.fromkeys(request.lists)))
    evidence = evidence_reader(plain, described, request.keep_ip)
    told = {*consent.columns, *evidence.columns}
    spent = {column for column in told if column.heading not in described.fields}
    kept = [column for column in plain if column not in spent]
    refuse_reserved(kept)
    typed = tuple(column.typed(types.get(column.field, FieldType.TEXT)) for column in kept)
    free = [column.field for column in kept if column.field not in OWN_TYPES]
    fields = {name: types[name] for name in free if name in types}
    return Understood(file, described, typed, fields, consent, evidence, twice, request.words, total)


def _mapping(request: Import, described: Described) -> dict[str, str]:
    """Return which heading fills which field: as a person says, else as the format does."""
    said = request.mapping
    return {
        **{heading: name for heading, name in described.fields.items() if name not in said.values()},
        **said,
    }


def _watch(
    request: Import, file: RowFile, found: Sequence[Column], described: Described
) -> ConsentWatch | ExportWatch:
    """Return what looks for consent; what this program wrote is known, unless a person says otherwise."""
    answers = request.answers
    otherwise = answers.settled or answers.status or answers.meanings or {*STATES} & {*answers.ignored}
    if {*STATES} <= {column.field for column in found} and not otherwise:
        return ExportWatch(found)
    return ConsentWatch([*found, *unnamed(file.header, found)], answers, file, described)


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
    file: RowFile,
    found: Sequence[Column],
    types: Mapping[str, FieldType],
    words: YesNo,
    watch: ConsentWatch | ExportWatch,
    twice: Twice,
) -> tuple[dict[str, FieldType], int]:
    """Return the type of each field that has one already or a value in the file, and the number of rows."""
    guesses = {column: Guess(column.field, words) for column in found if column.field not in types}
    email = next(column for column in found if column.field == "email")
    total, records = 0, file.records()
    while chunk := list(islice(records, AT_ONCE)):
        total += len(chunk)
        rows = [row for row in chunk if isinstance(row, Row)]
        watch.see(rows)
        twice.see(cell(row, email) for row in rows)
        for column in [column for column, guess in guesses.items() if not guess.settled]:
            for text in {cell(row, column) for row in rows}:
                guesses[column].see(text)
    return {**types, **{column.field: guess.type for column, guess in guesses.items() if guess.seen}}, total
