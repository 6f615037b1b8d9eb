"""The first reading of a file of people: what it is, what its columns are, and what it says of consent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    cells,
    columns,
    nearest,
    refuse_reserved,
    unnamed,
)
from mailer.people.importing.consent import ConsentWatch
from mailer.people.importing.evidence import EvidenceReader, evidence_reader
from mailer.people.importing.exported import ExportReader, ExportWatch
from mailer.people.importing.format import Described, Format, describe
from mailer.people.importing.later_rows import KeptOff, LaterRows
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

    `types` are those of its fields, by name; `total` is how many rows it has; `later` are those of people who
    may stand in an earlier one.
    """

    file: RowFile
    described: Described
    columns: tuple[TypedColumn, ...]
    types: Mapping[str, FieldType]
    consent: ConsentReader | ExportReader
    evidence: EvidenceReader
    twice: Twice
    later: LaterRows
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

    def reader(self, refusals: KeptOff) -> RowReader:
        """Return what makes people of its rows, heeding what later ones say."""
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
            refusals,
        )


def understand(
    file: RowFile,
    request: Import,
    formats: Mapping[str, Format],
    known: Mapping[str, FieldType],
    twice: Twice,
    later: LaterRows,
    tell: Callable[[int], object] = lambda rows: None,  # noqa: ARG005
) -> Understood:
    """Read a file once; `known` are the types that fields have already, `twice` has seen the files before.

    `later` keeps the rows of whoever may stand in an earlier one. `tell` gets to know of rows that were read.

    UsageError for a column or a list that can't be used, ConsentUnclear where it is not clear who agreed.
    """
    described = describe(file, formats, request.format)
    file = spread(file, described.spread) if described.spread else file
    plain = columns(file.header, file.origin, _mapping(request, described), file.first(SAMPLE))
    _refuse_unknown_types(request.types, plain)
    watch = _watch(request, file, plain, described)
    learning = _Learning(plain, OWN_TYPES | {**known, **request.types}, request.words, watch, twice, later)
    total = learning.read(file, tell)
    types = learning.types
    consent = watch.understood(tuple(dict.fromkeys(request.lists)))
    evidence = evidence_reader(plain, described, request.keep_ip)
    told = {*consent.columns, *evidence.columns}
    spent = {column for column in told if column.heading not in described.fields}
    kept = [column for column in plain if column not in spent]
    refuse_reserved(kept)
    typed = tuple(column.typed(types.get(column.field, FieldType.TEXT)) for column in kept)
    free = [column.field for column in kept if column.field not in OWN_TYPES]
    fields = {name: types[name] for name in free if name in types}
    return Understood(file, described, typed, fields, consent, evidence, twice, later, request.words, total)


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


class _Learning:
    """The first reading itself."""

    def __init__(
        self,
        found: Sequence[Column],
        types: Mapping[str, FieldType],
        words: YesNo,
        watch: ConsentWatch | ExportWatch,
        twice: Twice,
        later: LaterRows,
    ) -> None:
        """`types` are those that are known already."""
        self._types = types
        self._guesses = {column: Guess(column.field, words) for column in found if column.field not in types}
        self._email = next(column for column in found if column.field == "email")
        self._watch, self._twice, self._later = watch, twice, later

    @property
    def types(self) -> dict[str, FieldType]:
        """The type of each field that has one already or a value in the file."""
        guessed = {column.field: guess.type for column, guess in self._guesses.items() if guess.seen}
        return {**self._types, **guessed}

    def read(self, file: RowFile, tell: Callable[[int], object]) -> int:
        """Look at all rows; return how many there are."""
        total, records = 0, file.records()
        while chunk := list(islice(records, AT_ONCE)):
            total += len(chunk)
            self._look([row for row in chunk if isinstance(row, Row)])
            tell(len(chunk))
        return total

    def _look(self, rows: Sequence[Row]) -> None:
        self._watch.see(rows)
        again = self._twice.see(cells(rows, self._email))
        self._later.keep([rows[place] for place in again])
        for column in [column for column, guess in self._guesses.items() if not guess.settled]:
            for text in set(cells(rows, column)):
                self._guesses[column].see(text)
