"""Spreadsheets: `.xlsx`, `.ods`, `.xls` and their kin, of which one sheet holds the people."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from mailer.errors import UsageError
from mailer.people.importing.headings import TITLES, below_titles
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row, RowFile, UnreadableRow

READER = "mailer.people.importing.sources.calamine_reader"


@dataclass(frozen=True, slots=True)
class SpreadsheetFile(RowFile):
    """One sheet. It is read once, by a process that may do no harm, and its rows are kept in a file."""

    kind: ClassVar[str] = "a spreadsheet"

    rows: Path = Path()
    sheet: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What the file and the sheet are called."""
        return (*self.origin.names, self.sheet)

    @classmethod
    def open(cls, origin: FileOrigin, sheet: str, closing: ExitStack) -> SpreadsheetFile:
        """Read the sheet, or the one that has addresses; UsageError if it can't be told which, or be read.

        What is kept of it is gone once `closing` ends.
        """
        kept = closing.enter_context(tempfile.NamedTemporaryFile(prefix="mailer-import-"))  # noqa: SIM115
        name = _read(origin, sheet, kept)
        rows = Path(kept.name)
        first = [row for row, _ in zip(_rows(rows), range(TITLES), strict=False)]
        if not first:
            raise UsageError(f"{origin}: the sheet {name} is empty")
        header = first[below_titles([row.cells for row in first])]
        return cls(origin, header, (f"the sheet {name}",), rows=rows, sheet=name)

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield what stands below the header, in order and anew at each call."""
        return (row for row in _rows(self.rows) if row.line > self.header.line)


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="ascii") as file:
        next(file)
        for line in file:
            yield Row(*json.loads(line))


def _read(origin: FileOrigin, sheet: str, kept: IO[bytes]) -> str:
    """Have the rows written to `kept`; return the sheet's name."""
    command = [sys.executable, "-m", READER, str(origin.path), sheet]
    ended = subprocess.run(command, stdout=kept, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
    with Path(kept.name).open(encoding="ascii") as file:
        said: dict[str, Any] = json.loads(file.readline() or "{}")
    if ended.returncode or "found" not in said:
        raise UsageError(
            f"{origin} can't be read as a spreadsheet: "
            + said.get("error", "it takes more memory or time than a list of people does"),
            next_step="Save or export it as 'CSV UTF-8'.",
        )
    return _the_one(origin, sheet, said["sheets"], said["found"])


def _the_one(origin: FileOrigin, wanted: str, sheets: list[str], found: list[str]) -> str:
    if len(found) == 1:
        return found[0]
    there = ", ".join(sheets)
    if wanted:
        raise UsageError(f"{origin} has no sheet {wanted!r}", next_step=f"Its sheets are: {there}")
    if not found:
        raise UsageError(f"{origin} is empty", next_step=f"Its sheets are: {there or 'none'}")
    raise UsageError(
        f"{origin}: several sheets hold addresses: {', '.join(found)}",
        next_step=f"Say which, one at a time: --sheet {found[0]}",
    )
