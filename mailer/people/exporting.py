"""People as rows of a file, with all that is known of them: an import reads the same back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from mailer.domain.field import Value, to_text
from mailer.domain.spreadsheet import STATES, csv_line, write_lists
from mailer.domain.subscriber import OWN_FIELDS, Subscriber
from mailer.errors import UsageError

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

Row = tuple[Value | None, ...]
Writer = Callable[[BinaryIO, Sequence[str], Iterable[Row]], None]

SHEET_ROWS = 1_048_576  # of a workbook's sheet, the header among them
CELL_LENGTH = 32_767  # characters in a cell of one
WIDTH = 24  # characters of a column: most addresses
EXACT = 10**15  # whole numbers below it are themselves in a workbook, which keeps 15 figures


class FileKind(StrEnum):
    """What kind of file: the end of its name."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    WORKBOOK = "xlsx"


def columns(free: Sequence[str]) -> tuple[str, ...]:
    """Return the headings, for people who may have these fields beyond their own."""
    return (*OWN_FIELDS, *free, *STATES)


def rows(
    people: Iterable[Subscriber], free: Sequence[str], *, untagged: Value | None = None
) -> Iterator[Row]:
    """Yield the values of each person below those headings, in their types; None for what nobody knows.

    `untagged` stands for no tags: an empty list takes away, when it is read back, those put there since.
    """
    for each in people:
        own = (each.email, each.name, each.language, each.timezone, list(each.tags) or untagged)
        known = (each.fields.get(name) for name in free)
        yield (*own, *known, write_lists(each.lists, each.paused) or None, each.suppressed)


def write_csv(out: BinaryIO, headings: Sequence[str], found: Iterable[Row]) -> None:
    """Write a CSV file in UTF-8, of which no spreadsheet runs a cell."""
    out.write(csv_line(headings).encode())
    for row in found:
        out.write(csv_line(map(to_text, row)).encode())


def write_json_lines(out: BinaryIO, headings: Sequence[str], found: Iterable[Row]) -> None:
    """Write an object a line, each with all keys; null is what nobody knows."""
    for row in found:
        person = dict(zip(headings, row, strict=True))
        out.write(f"{json.dumps(person, ensure_ascii=False)}\n".encode())


def write_workbook(out: BinaryIO, headings: Sequence[str], found: Iterable[Row]) -> None:
    """Write a workbook of one sheet, in which a text is a text, whatever it begins with.

    UsageError if it is more than a sheet or a cell can hold.
    """
    from xlsxwriter import Workbook  # no other command needs it
    from xlsxwriter.exceptions import FileCreateError

    # It goes back and forth in what it writes, which a pipe doesn't let it.
    with TemporaryFile() as whole:
        try:
            with Workbook(whole, {"constant_memory": True, "use_zip64": True}) as book:
                _fill(book, headings, found)
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from None
        whole.seek(0)
        copyfileobj(whole, out)


def _fill(book: Workbook, headings: Sequence[str], found: Iterable[Row]) -> None:
    sheet, bold = book.add_worksheet("subscribers"), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(headings) - 1, WIDTH)
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, bold)
    for number, row in enumerate(found, 1):
        refuse_too_many(number)
        _write_row(sheet, number, headings, row)


def refuse_too_many(people: int) -> None:
    """Raise UsageError for more people than a sheet of a workbook has room for."""
    if people >= SHEET_ROWS:
        raise UsageError(
            f"a sheet has room for {SHEET_ROWS - 1:,} people, and these are more",
            next_step=f"Write them as --format {FileKind.CSV}, or list by list: --list LIST",
        )


def _write_row(sheet: Worksheet, number: int, headings: Sequence[str], row: Row) -> None:
    for place, value in enumerate(row):
        if isinstance(value, bool):
            sheet.write_boolean(number, place, value)
        elif isinstance(value, int | float) and _is_exact(value):
            sheet.write_number(number, place, value)
        elif text := to_text(value):
            if len(text) > CELL_LENGTH:
                raise UsageError(
                    f"{headings[place]} of {row[0]} has {len(text):,} characters, and a cell of a workbook "
                    f"has room for {CELL_LENGTH:,}",
                    next_step=f"Write them as --format {FileKind.CSV}",
                )
            sheet.write_string(number, place, text)


def _is_exact(value: int | float) -> bool:
    """Whether a workbook, in which 5.0 is 5, gives the same number back."""
    if isinstance(value, int):
        return abs(value) < EXACT
    return not value.is_integer() and float(f"{value:.15g}") == value


WRITERS: Mapping[FileKind, Writer] = {
    FileKind.CSV: write_csv,
    FileKind.JSON_LINES: write_json_lines,
    FileKind.WORKBOOK: write_workbook,
}
