"""A file of whom another program no longer mails, as rows, with headings or without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from mailer.domain.address import AddressError
from mailer.domain.spreadsheet import unguard
from mailer.domain.suppression import read_who
from mailer.errors import UsageError
from mailer.people.importing.headings import heads_addresses, joined
from mailer.people.importing.sources.opening import opened
from mailer.people.importing.sources.row_file import RowFile, UnreadableRow

# Files without headings: their columns in order. SES takes and gives such ones.
HEADLESS = ("emailaddress", "reason")


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """A row: the line it stands on, its cells by heading (`joined`) and as they are, or its fault."""

    line: int
    cells: Mapping[str, str]
    raw: Sequence[str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SuppressionTable:
    """The headings of a file, as they are, and its rows."""

    headings: tuple[str, ...]
    records: Iterator[SuppressionRow]

    @property
    def address(self) -> str | None:
        """Which of the headings (`joined`) is that of the addresses; None if it can't be told."""
        if len(self.headings) == 1:
            return joined(self.headings[0])
        found = {joined(heading) for heading in self.headings if heads_addresses(heading)}
        return found.pop() if len(found) == 1 else None


@contextmanager
def suppression_table(path: Path) -> Iterator[SuppressionTable]:
    """Yield what a file of any kind holds; UsageError if it can't be read."""
    with opened(path) as files:
        if len(files) != 1:
            raise UsageError(
                f"{path} has {len(files)} files in it", next_step="Unpack it, and import them one by one."
            )
        yield _table(files[0])


def _table(file: RowFile) -> SuppressionTable:
    header = file.header.cells
    if not any(map(_is_who, header)):
        return SuppressionTable(tuple(header), _records(file, header))
    names = [*HEADLESS, *(f"column {number}" for number in range(3, len(header) + 1))][: len(header)]
    first = SuppressionRow(file.header.line, _cells(names, header), header)
    return SuppressionTable(tuple(names), chain([first], _records(file, names)))


def _records(file: RowFile, headings: Sequence[str]) -> Iterator[SuppressionRow]:
    for row in file.records():
        if isinstance(row, UnreadableRow):
            yield SuppressionRow(row.line, {}, (row.text,), row.reason)
        else:
            yield SuppressionRow(row.line, _cells(headings, row.cells), row.cells)


def _cells(headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return {joined(heading): unguard(cell.strip()) for heading, cell in zip(headings, cells, strict=False)}


def _is_who(text: str) -> bool:
    try:
        return "@" in text and bool(read_who(text))
    except AddressError:
        return False
