"""One row of a file -> one person to take in, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from mailer.domain.address import BLANKS, CONTROLS, PLAIN, Address, AddressError
from mailer.domain.field import FieldError, FieldType, Value, convert
from mailer.domain.standing import refusing_word, smells, strictest
from mailer.domain.yes_no import YesNo
from mailer.people.enrol import Entry
from mailer.people.importing.cells import read_address
from mailer.people.importing.columns import TypedColumn, cell
from mailer.people.importing.evidence import EvidenceReader
from mailer.people.importing.later_rows import KeptOff
from mailer.people.importing.said import Stance, Unclear
from mailer.people.importing.sources.row_file import Row, UnreadableRow
from mailer.people.importing.twice import Twice

REMEMBERED = 1024  # values of a column: most come again and again
SHORTENED = re.compile(r"\s*-?\d(?:[.,]\d+)?E\+\d{2,3}\s*", re.ASCII)  # as in 4.9176E+11
# What breaks a line, and the tab: in a cell a blank is meant.
BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029\t]+")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that isn't taken in: the physical line it starts on, its cells, the value at fault and why.

    What it says of a person who is not to be mailed counts all the same: `refusal`.
    """

    line: int
    cells: tuple[str, ...]
    value: str
    reason: str
    duplicate: bool = False  # nothing is wrong with it, but the person stands in an earlier row,
    erased: bool = False  # or was erased on request
    refusal: Entry | None = None


@dataclass(slots=True)
class Shortened:
    """Rows with a number of which a spreadsheet kept the first figures alone, and the first such row."""

    rows: int = 0
    line: int = 0
    text: str = ""

    def count(self, line: int, text: str) -> None:
        """Count a row."""
        if not self.rows:
            self.line, self.text = line, text
        self.rows += 1


class Unfit(ValueError):
    """A cell can't fill its field; the message says why."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(reason)
        self.value = value


class ReadsConsent(Protocol):
    """What reads from a row how the person stands; it raises Unclear."""

    @property
    def agreed(self) -> Stance: ...

    @property
    def lists(self) -> tuple[str, ...]: ...

    def said(self, row: Row) -> Stance: ...


class RowReader:
    """Reads the rows of one file in order, and remembers whom it has seen.

    `folded` counts the rows in which a line break became a blank, `shortened` those with a number that a
    spreadsheet shortened.
    """

    def __init__(
        self,
        columns: Sequence[TypedColumn],
        width: int,
        delimiter: str,
        consent: ReadsConsent,
        twice: Twice,
        words: YesNo,
        separators: Mapping[str, str],
        evidence: EvidenceReader,
        refusals: KeptOff,
    ) -> None:
        """`separators` part the items of a list, by field, where ; and , do not; `twice` saw all rows.

        `refusals` are what later rows say.
        """
        self._readers = [
            (each.index, each.field, _reader(each.type, words, separators.get(each.field, "")))
            for each in columns
            if each.field != "email"
        ]
        self._email = next(column for column in columns if column.field == "email")
        self._width = width
        self._delimiter = delimiter
        self._consent = consent
        self._evidence = evidence
        self._composed = "name" not in {column.field for column in columns}
        self._agreed = consent.agreed
        self._twice = twice
        self._refusals = refusals
        self._lines: dict[str, int] = {}
        self._refused: dict[str, Stance] = {}
        self.folded = 0
        self.shortened = Shortened()

    def read(self, row: Row | UnreadableRow) -> Entry | Reject:
        """Return the person in `row`, or why there is none."""
        if isinstance(row, UnreadableRow):
            return Reject(row.line, (row.text,), row.text, row.reason)
        if len(row.cells) > self._width and any(row.cells[self._width :]):
            reason = (
                f"the row has {len(row.cells)} cells and the header {self._width}: quote commas in a cell"
            )
            return _reject(row, row.cells[self._width], reason, refusal=self._said_anywhere(row))
        whole = "".join(row.cells)
        if "E+" in whole:
            self._look_for_shortened(row)
        if _is_clean(whole):
            return self._person(row, clean=True)
        if swallowed := next(filter(self._holds_a_row, row.cells), None):
            return _reject(row, swallowed, 'a cell holds other rows: a quote (") is opened and not closed')
        return self._person(self._without_breaks(row), clean=False)

    def _look_for_shortened(self, row: Row) -> None:
        found = next(filter(SHORTENED.fullmatch, row.cells), None)
        if found:
            self.shortened.count(row.line, found)

    def _holds_a_row(self, text: str) -> bool:
        """Whether one of the lines in a cell looks like a row of its own: a stray quote swallowed it."""
        place = self._email.index
        rows = (line.lower().split(self._delimiter) for line in text.splitlines()[1:])
        return any(len(row) > max(place, 1) and PLAIN.fullmatch(row[place].strip(' "')) for row in rows)

    def _without_breaks(self, row: Row) -> Row:
        """Return the row with a blank for each line break, but for those in the address."""
        place = self._email.index
        cells = [each if index == place else _folded(each) for index, each in enumerate(row.cells)]
        self.folded += cells != row.cells
        return Row(row.line, cells)

    def _person(self, row: Row, *, clean: bool) -> Entry | Reject:
        """Return the person in a row; if `clean`, there is no control character in it."""
        typed = cell(row, self._email)
        try:
            address, called = read_address(typed)
            said = self._consent.said(row)
        except AddressError as error:
            return _reject(row, typed, str(error) if typed else "has no address")
        except Unclear as error:
            return _reject(row, error.value, str(error))
        refusal = None if said is self._agreed else self._refusal(address, said, row)
        try:
            values = self._values(row.cells, clean=clean)
        except Unfit as error:
            return _reject(row, error.value, str(error), refusal=refusal)
        if self._twice.may_hold(key := address.key):
            if first := self._lines.get(key):
                reason = f"the same person as on line {first}"
                return _reject(row, typed, reason, duplicate=True, refusal=refusal)
            self._lines[key] = row.line
        if self._composed and (name := _whole(values) or called):
            values["name"] = name
        evidence = self._evidence.of(row, left=said.left)
        statuses = self._refusals.heeded(key, self._consent.lists, said.statuses)
        return Entry(address, values, statuses, said.suppressed, evidence, said.pauses)

    def _values(self, cells: Sequence[str], *, clean: bool) -> dict[str, Any]:
        """Return what fills the fields, in their types; Unfit if something can't."""
        values: dict[str, Any] = {}
        width = len(cells)
        for index, field, read in self._readers:
            if index < width and (text := cells[index].strip(BLANKS)):
                if not clean and CONTROLS.search(text):
                    raise Unfit(text, "has a control character in it")
                try:
                    values[field] = read(text) if read else text
                except FieldError as error:
                    raise Unfit(text, f"{field}: {error}") from None
        return values

    def _said_anywhere(self, row: Row) -> Entry | None:
        """Return what must be kept of a row whose cells are out of place: a word that plainly refuses."""
        said = strictest(filter(None, (refusing_word(each) for each in row.cells if smells([each]))))
        try:
            address, _ = read_address(cell(row, self._email))
        except AddressError:
            return None
        stance = Stance((said.status,) * len(self._consent.lists), said.suppression)
        return self._refusal(address, stance, row)

    def _refusal(self, address: Address, said: Stance, row: Row) -> Entry | None:
        """Return what must be kept of a row that isn't taken in, unless an earlier one said the same."""
        if not said.refuses or self._refused.get(address.key) == said:
            return None
        self._refused[address.key] = said
        evidence = self._evidence.of(row, left=said.left)
        return Entry(address, {}, said.statuses, said.suppressed, evidence, said.pauses)


def _reader(kind: FieldType, words: YesNo, separator: str) -> Callable[[str], Value] | None:
    """Return what reads the cells of a column; None if a text is taken as it is."""
    if kind is FieldType.TEXT:
        return None
    if kind is FieldType.LIST:
        return lambda text: convert(text.replace(separator, ";") if separator else text, kind, words)
    return lru_cache(REMEMBERED)(lambda text: convert(text, kind, words))


def _is_clean(text: str) -> bool:
    return text.isprintable() if text.isascii() else CONTROLS.search(text) is None


def _whole(values: Mapping[str, Any]) -> str:
    """Return the name that first and last name make; empty if there is neither."""
    return " ".join(str(values[part]) for part in ("first_name", "last_name") if part in values)


def _folded(text: str) -> str:
    if not BREAKS.search(text):
        return text
    return " ".join(filter(None, (part.strip() for part in BREAKS.split(text))))


def _reject(
    row: Row, value: str, reason: str, *, duplicate: bool = False, refusal: Entry | None = None
) -> Reject:
    return Reject(row.line, tuple(row.cells), value, reason, duplicate, refusal=refusal)
