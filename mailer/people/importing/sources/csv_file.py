"""CSV files as people keep them: read record by record, with the line each one starts on.

RFC 4180, and what spreadsheets do to it: a byte order mark, UTF-16, semicolons, tabs or bars, a first line
`sep=;`, any line end.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import ClassVar

from mailer.domain.spreadsheet import REJECTS, STATES, unguard
from mailer.errors import UsageError
from mailer.people.importing.headings import TITLES, below_titles
from mailer.people.importing.sources.encoding import UTF8, TextEncoding, lines
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row, RowFile, UnreadableRow

DELIMITERS = ",;\t|"
NAMED = re.compile(
    r'"?sep=([^\w"\r\n])"?\s*', re.IGNORECASE
)  # a first line for Excel: which sign parts cells
AT_ONCE = 500  # lines
LONGEST_RECORD = 100  # physical lines; a quote that is never closed would swallow the rest of the file


@dataclass(frozen=True, slots=True)
class CsvFile(RowFile):
    """A CSV file. If this program wrote it, apostrophes that guard cells are taken off; so are the columns
    that tell why a row was rejected.
    """

    kind: ClassVar[str] = "CSV"

    encoding: str = UTF8
    _skipped: int = 0

    @classmethod
    def open(cls, origin: FileOrigin, encoding: TextEncoding) -> CsvFile:
        """Read the header of a file; UsageError if it can't be read as CSV with a header."""
        named = NAMED.fullmatch(next(lines(origin, encoding.name), ""))
        signs, above = (named[1], 1) if named else (DELIMITERS, 0)
        tried = {sign: _first(origin, encoding.name, sign, above) for sign in signs}
        headers = {sign: found for sign, found in tried.items() if isinstance(found, Row)}
        if not headers:
            raise _headless(origin, tried[signs[0]])
        # The sign that parts the header into the most columns; a comma if none does.
        sign = max(headers, key=lambda sign: len(headers[sign].cells))
        header = headers[sign]
        skipped = len(REJECTS) if tuple(header.cells[: len(REJECTS)]) == REJECTS else 0
        ours = skipped > 0 or set(STATES) <= {heading.strip() for heading in header.cells}
        header = Row(header.line, header.cells[skipped:])
        return cls(origin, header, encoding.remarks, sign, ours, encoding.name, skipped)

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield what stands below the header, in order and anew at each call; blank lines are left out."""
        rows = read_records(lines(self.origin, self.encoding), self.delimiter)
        below = (row for row in rows if row.line > self.header.line)
        return map(self._as_meant, below) if self.ours else below

    def _as_meant(self, row: Row | UnreadableRow) -> Row | UnreadableRow:
        if isinstance(row, UnreadableRow):
            return row
        return Row(row.line, [unguard(each) for each in row.cells[self._skipped :]])


def _first(origin: FileOrigin, encoding: str, sign: str, above: int) -> Row | UnreadableRow | None:
    """Return the header: the first record below the line `above`, or below titles."""
    rows = read_records(lines(origin, encoding), sign)
    first = list(islice((row for row in rows if row.line > above), TITLES))
    whole = [row for row in first if isinstance(row, Row)]
    if whole and first[0] is whole[0]:
        return whole[below_titles([row.cells for row in whole])]
    return first[0] if first else None


def _headless(origin: FileOrigin, first: Row | UnreadableRow | None) -> UsageError:
    problem = (
        f"{origin}:{first.line}: {first.reason}" if isinstance(first, UnreadableRow) else f"{origin} is empty"
    )
    step = "The first row must name the columns, as in: email,name,town (comma, semicolon, tab or |)."
    return UsageError(problem, next_step=step)


class _Unclosed(Exception):
    """A record goes on and on: its quote is not meant as one."""


class _Source(Iterator[str]):
    """Lines that can be given back: a quote opened by mistake spoils its own line and no other."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.taken: list[str] = []

    def __next__(self) -> str:
        if len(self.taken) == LONGEST_RECORD:
            raise _Unclosed
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def rest(self) -> Iterator[str]:
        """Return the lines that are left."""
        return chain(self._back, self._lines)

    def give_back(self) -> str:
        """Give back all lines of this record but the first, and return that one."""
        first, *others = self.taken
        self._back.extendleft(reversed(others))
        self.taken = [first]
        return first


def read_records(physical: Iterable[str], delimiter: str) -> Iterator[Row | UnreadableRow]:
    """Yield the records in these lines, and each line that is in none."""
    waiting, line = iter(physical), 1
    while some := list(islice(waiting, AT_ONCE)):
        if (rows := _whole(some, delimiter, line)) is not None:
            yield from rows
            line += len(some)
        else:  # a record goes on beyond them, or a quote is not meant as one: record by record
            source = _Source(chain(some, waiting))
            end = line + len(some)
            for found, after in _one_by_one(source, delimiter, line):
                yield from found
                if (line := after) >= end:
                    break
            waiting = source.rest()


def _whole(found: list[str], delimiter: str, line: int) -> list[Row] | None:
    """Return the records in lines that begin and end with one, from `line` on; None if they don't."""
    reader = csv.reader(found, delimiter=delimiter, strict=True)
    rows, above = list[Row](), 0
    try:
        for cells in reader:
            if reader.line_num - above > LONGEST_RECORD:
                return None
            if any(cells):
                rows.append(Row(line + above, cells))
            above = reader.line_num
    except csv.Error:
        return None
    return rows


def _one_by_one(
    source: _Source, delimiter: str, line: int
) -> Iterator[tuple[list[Row | UnreadableRow], int]]:
    """Yield each record, or what stands in none, and the line after it."""
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.taken.clear()
        found: list[Row | UnreadableRow] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed) as error:
            reason = _reason(error, spans=len(source.taken) > 1)
            found.append(UnreadableRow(line, source.give_back().rstrip("\r\n"), reason))
            reader = csv.reader(source, delimiter=delimiter, strict=True)
        else:
            if any(cells):
                found.append(Row(line, cells))
        line += len(source.taken)
        yield found, line


def _reason(error: Exception, *, spans: bool) -> str:
    if spans or isinstance(error, _Unclosed) or "unexpected end" in str(error):
        return 'a quote (") is opened on this line and not closed'
    return f"a quote (\") stands where it can't: {error}" if '"' in str(error) else str(error)
