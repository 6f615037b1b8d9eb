"""CSV files as people keep them: read record by record, with the line each one starts on.

RFC 4180, and what spreadsheets do to it: a byte order mark, semicolons or tabs, any line end.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.errors import UsageError

DELIMITERS = ",;\t"
LONGEST_RECORD = 100  # physical lines; a quote that is never closed would swallow the rest of the file


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record; `line` is the physical line it starts on, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A physical line that belongs to no record, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file with its header row read."""

    path: Path
    delimiter: str
    header: Record

    @classmethod
    def open(cls, path: Path) -> CsvFile:
        """Read the header of the file at `path`; UsageError if it can't be read as CSV with a header."""
        tried = {sign: next(read_records(_lines(path), sign), None) for sign in DELIMITERS}
        headers = {sign: found for sign, found in tried.items() if isinstance(found, Record)}
        if not headers:
            raise _headless(path, tried[","])
        # The sign that parts the header into the most columns; a comma if none does.
        sign = max(headers, key=lambda sign: len(headers[sign].cells))
        return cls(path, sign, headers[sign])

    def records(self) -> Iterator[Record | Unreadable]:
        """Yield what stands below the header, in order and anew at each call; blank lines are left out."""
        rows = read_records(_lines(self.path), self.delimiter)
        return (row for row in rows if row.line > self.header.line)


def _headless(path: Path, first: Record | Unreadable | None) -> UsageError:
    problem = f"{path}:{first.line}: {first.reason}" if isinstance(first, Unreadable) else f"{path} is empty"
    step = "The first row must name the columns, as in: email,name,town (comma, semicolon or tab)."
    return UsageError(problem, next_step=step)


def _lines(path: Path) -> Iterator[str]:
    """Yield the physical lines with their ends; UsageError if the file can't be read or isn't UTF-8."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield from text
    except UnicodeDecodeError:
        raise UsageError(
            f"{path}:{_undecodable_line(path)}: the file is not written in UTF-8",
            next_step="Save it as 'CSV UTF-8', or convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        ) from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None


def _undecodable_line(path: Path) -> int:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        escaped = (n for n, line in enumerate(text, 1) if any("\udc80" <= char <= "\udcff" for char in line))
        return next(escaped, 1)


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


def read_records(lines: Iterable[str], delimiter: str) -> Iterator[Record | Unreadable]:
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
            yield Unreadable(line, source.give_back().rstrip("\r\n"), reason)
            reader = csv.reader(source, delimiter=delimiter, strict=True)
        else:
            if any(cells):
                yield Record(line, cells)
        line += len(source.taken)


def _reason(error: Exception, *, spans: bool) -> str:
    if spans or isinstance(error, _Unclosed) or "unexpected end" in str(error):
        return 'a quote (") is opened on this line and not closed'
    return f"a quote (\") stands where it can't: {error}" if '"' in str(error) else str(error)
