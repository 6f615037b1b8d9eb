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
from itertools import islice
from pathlib import Path

from mailer.domain.spreadsheet import REJECTS, STATES, unguard
from mailer.errors import UsageError
from mailer.people.importing.encoding import encoding_of, undecodable

DELIMITERS = ",;\t|"
NAMED = re.compile(
    r'"?sep=([^\w"\r\n])"?\s*', re.IGNORECASE
)  # a first line for Excel: which sign parts cells
LONGEST_RECORD = 100  # physical lines; a quote that is never closed would swallow the rest of the file


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one record; `line` is the physical line it starts on, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A physical line that belongs to no record, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file with its header row read. `ours`: this program wrote it.

    Then apostrophes that guard cells are taken off; so are the columns that tell why a row was rejected.
    """

    path: Path
    encoding: str
    delimiter: str
    header: Row
    ours: bool = False
    _skipped: int = 0

    @classmethod
    def open(cls, path: Path) -> CsvFile:
        """Read the header of the file at `path`; UsageError if it can't be read as CSV with a header."""
        encoding = encoding_of(path)
        named = NAMED.fullmatch(next(_lines(path, encoding), ""))
        signs, above = (named[1], 1) if named else (DELIMITERS, 0)
        tried = {sign: _first(path, encoding, sign, above) for sign in signs}
        headers = {sign: found for sign, found in tried.items() if isinstance(found, Row)}
        if not headers:
            raise _headless(path, tried[signs[0]])
        # The sign that parts the header into the most columns; a comma if none does.
        sign = max(headers, key=lambda sign: len(headers[sign].cells))
        header = headers[sign]
        skipped = len(REJECTS) if tuple(header.cells[: len(REJECTS)]) == REJECTS else 0
        ours = skipped > 0 or set(STATES) <= {heading.strip() for heading in header.cells}
        return cls(path, encoding, sign, Row(header.line, header.cells[skipped:]), ours, skipped)

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield what stands below the header, in order and anew at each call; blank lines are left out."""
        rows = read_records(_lines(self.path, self.encoding), self.delimiter)
        below = (row for row in rows if row.line > self.header.line)
        return map(self._as_meant, below) if self.ours else below

    def first(self, count: int) -> list[Row]:
        """Return as many of the records, without the lines that are in none."""
        return list(islice((row for row in self.records() if isinstance(row, Row)), count))

    def _as_meant(self, row: Row | UnreadableRow) -> Row | UnreadableRow:
        if isinstance(row, UnreadableRow):
            return row
        return Row(row.line, [unguard(each) for each in row.cells[self._skipped :]])


def _first(path: Path, encoding: str, sign: str, above: int) -> Row | UnreadableRow | None:
    """Return the first record below the line `above`."""
    rows = read_records(_lines(path, encoding), sign)
    return next((row for row in rows if row.line > above), None)


def _headless(path: Path, first: Row | UnreadableRow | None) -> UsageError:
    problem = (
        f"{path}:{first.line}: {first.reason}" if isinstance(first, UnreadableRow) else f"{path} is empty"
    )
    step = "The first row must name the columns, as in: email,name,town (comma, semicolon, tab or |)."
    return UsageError(problem, next_step=step)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the physical lines with their ends; UsageError if the file can't be read in this encoding."""
    try:
        with path.open(encoding=encoding, newline="") as text:
            yield from text
    except UnicodeError:
        raise undecodable(path, encoding) from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None


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

    def give_back(self) -> str:
        """Give back all lines of this record but the first, and return that one."""
        first, *others = self.taken
        self._back.extendleft(reversed(others))
        self.taken = [first]
        return first


def read_records(lines: Iterable[str], delimiter: str) -> Iterator[Row | UnreadableRow]:
    """Yield the records in `lines`, and each line that is in none."""
    source = _Source(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    line = 1
    while True:
        source.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed) as error:
            reason = _reason(error, spans=len(source.taken) > 1)
            yield UnreadableRow(line, source.give_back().rstrip("\r\n"), reason)
            reader = csv.reader(source, delimiter=delimiter, strict=True)
        else:
            if any(cells):
                yield Row(line, cells)
        line += len(source.taken)


def _reason(error: Exception, *, spans: bool) -> str:
    if spans or isinstance(error, _Unclosed) or "unexpected end" in str(error):
        return 'a quote (") is opened on this line and not closed'
    return f"a quote (\") stands where it can't: {error}" if '"' in str(error) else str(error)
