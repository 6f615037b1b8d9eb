"""What every file of people is, whatever it is written in: a header and rows below it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, NamedTuple

from mailer.people.importing.sources.origin import FileOrigin

WIDEST = 2000  # columns
LONGEST_CELL = 131_072  # characters, as CSV's reader has it


class Row(NamedTuple):
    """The cells of one record; `line` is the physical line it starts on, from 1; in a spreadsheet its row."""

    line: int
    cells: list[str]


class UnreadableRow(NamedTuple):
    """A physical line that belongs to no record, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowFile(ABC):
    """A file with its header read. `remarks` is what was decided while reading it, to be said aloud.

    `delimiter` parts the cells of a line, if anything does. `ours`: this program wrote it.
    """

    kind: ClassVar[str]

    origin: FileOrigin
    header: Row
    remarks: tuple[str, ...] = ()
    delimiter: str = ""
    ours: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All that may say by its name who is in it."""
        return self.origin.names

    @property
    def is_titled(self) -> bool:
        """Whether something stands above the header."""
        return self.header.line > 1

    @abstractmethod
    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield what stands below the header, in order and anew at each call; blank lines are left out."""

    def first(self, count: int) -> list[Row]:
        """Return as many of the records, without the lines that are in none."""
        return list(islice((row for row in self.records() if isinstance(row, Row)), count))
