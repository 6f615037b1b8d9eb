"""One row of a file -> one person to take in, or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mailer.domain.address import CONTROLS, Address, AddressError
from mailer.domain.field import FieldError, convert
from mailer.storage.columns import Column, TypedColumn
from mailer.storage.csvfile import Record, Unreadable
from mailer.storage.enrol import Entry


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that isn't taken in: the physical line it starts on, its cells, the value at fault and why."""

    line: int
    cells: tuple[str, ...]
    value: str
    reason: str
    duplicate: bool = False  # nothing is wrong with it, but the person stands in an earlier row


class RowReader:
    """Reads the rows of one file in order, and remembers whom it has seen."""

    def __init__(self, columns: Sequence[TypedColumn], width: int) -> None:
        self._columns = [column for column in columns if column.field != "email"]
        self._email = next(column for column in columns if column.field == "email")
        self._width = width
        self._lines: dict[str, int] = {}

    def read(self, row: Record | Unreadable) -> Entry | Reject:
        """Return the person in `row`, or why there is none."""
        if isinstance(row, Unreadable):
            return Reject(row.line, (row.text,), row.text, row.reason)
        if len(row.cells) > self._width:
            reason = (
                f"the row has {len(row.cells)} cells and the header {self._width}: quote commas in a cell"
            )
            return _reject(row, row.cells[self._width], reason)
        if CONTROLS.search("".join(row.cells)):
            value = next(each for each in row.cells if CONTROLS.search(each))
            return _reject(row, value, "has a control character or a line break in it")
        return self._person(row)

    def _person(self, row: Record) -> Entry | Reject:
        typed = cell(row, self._email)
        try:
            address = Address.parse(typed)
        except AddressError as error:
            return _reject(row, typed, str(error) if typed else "has no address")
        values: dict[str, Any] = {}
        for column in self._columns:
            if text := cell(row, column):
                try:
                    values[column.field] = convert(text, column.type)
                except FieldError as error:
                    return _reject(row, text, f"{column.field}: {error}")
        first = self._lines.setdefault(address.key, row.line)
        if first != row.line:
            return _reject(row, typed, f"the same person as on line {first}", duplicate=True)
        return Entry(address, values)


def cell(row: Record, column: Column) -> str:
    """Return a cell's text without the blanks around it; empty if the row ends before it."""
    return row.cells[column.index].strip(" \t") if column.index < len(row.cells) else ""


def _reject(row: Record, value: str, reason: str, *, duplicate: bool = False) -> Reject:
    return Reject(row.line, tuple(row.cells), value, reason, duplicate)
