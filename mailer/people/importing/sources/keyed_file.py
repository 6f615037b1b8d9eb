"""Files in which each person is a set of named values, not a row: JSON, cards, directories."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from mailer.errors import UsageError
from mailer.people.importing.sources.encoding import UTF8, TextEncoding
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import LONGEST_CELL, WIDEST, Row, RowFile, UnreadableRow


class KeyedRow(NamedTuple):
    """What a file says of one, and the line it begins on."""

    line: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeyedFile(RowFile):
    """A file whose header is made of every name that its people have, in the order they come."""

    encoding: str = UTF8

    @classmethod
    def open(cls, origin: FileOrigin, encoding: TextEncoding) -> Self:
        """Read the names; UsageError if there is nobody, or there are more names than anybody needs."""
        names: dict[str, None] = {}
        first: KeyedRow | None = None
        for each in cls.people(origin, encoding.name):
            if isinstance(each, KeyedRow):
                first = first or each
                names.update(dict.fromkeys(each.values))
            if len(names) > WIDEST:
                raise UsageError(f"{origin} has more than {WIDEST:,} columns: it is no file of people")
        if first is None:
            raise UsageError(f"{origin}: there is nobody in it that can be read as {cls.kind}")
        return cls(origin, Row(first.line, list(names)), encoding.remarks, encoding=encoding.name)

    @property
    def is_titled(self) -> bool:
        """There is no header but the names themselves."""
        return False

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield a row for each person, and what couldn't be read, in order and anew at each call."""
        names = self.header.cells
        for each in self.people(self.origin, self.encoding):
            if not isinstance(each, KeyedRow):
                yield each
            elif long := next((text for text in each.values.values() if len(text) > LONGEST_CELL), None):
                yield UnreadableRow(
                    each.line, long[:100], f"a value has more than {LONGEST_CELL:,} characters"
                )
            else:
                yield Row(each.line, [each.values.get(name, "") for name in names])

    @staticmethod
    @abstractmethod
    def people(origin: FileOrigin, encoding: str) -> Iterator[KeyedRow | UnreadableRow]:
        """Yield whom the file holds, in order."""
