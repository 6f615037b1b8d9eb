"""Reads a spreadsheet in a process of its own and writes its rows to standard output, a line of JSON each.

A few kilobytes of a spreadsheet can stand for more cells than a machine has memory, and the whole of it is
read at once: so this process may have so much memory and time, and no more.
"""

from __future__ import annotations

import datetime
import json
import resource
import sys
from collections.abc import Iterator

import python_calamine as calamine

from mailer.people.importing.headings import TITLES, below_titles, heads

MEMORY = 2 * 1024**3  # octets
SECONDS = 600  # of a processor


def main(path: str, wanted: str) -> None:
    """Write what was found first: the sheet's name, all sheets, the ones with addresses; then its rows."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with calamine.load_workbook(path) as book:
            _write(book, wanted)
    except (calamine.CalamineError, OSError, ValueError) as error:
        _say({"error": str(error)})


def _write(book: calamine.CalamineWorkbook, wanted: str) -> None:
    names = [each.name for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    if wanted:
        found = [name for name in names if name == wanted]
    else:
        found = [name for name in names if _heads_people(book, name)]
        found = found or [name for name in names if next(_rows(book, name), None)][:1]
    _say({"sheets": names, "found": found})
    if len(found) == 1:
        for number, cells in _rows(book, found[0]):
            _say([number, cells])


def _heads_people(book: calamine.CalamineWorkbook, name: str) -> bool:
    first = [cells for _, (_, cells) in zip(range(TITLES), _rows(book, name), strict=False)]
    return bool(first) and heads(first[below_titles(first)])


def _rows(book: calamine.CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that aren't blank, with their numbers from 1."""
    sheet = book.get_sheet_by_name(name)
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [_text(value) for value in row]
        if any(cells):
            yield number, cells


def _text(value: object) -> str:
    """Return a cell as a person would have typed it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(sep=" ")
        case _:
            return str(value)


def _say(found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
