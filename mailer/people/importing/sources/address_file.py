"""A pasted column of addresses, one or several a line, with names or without: `Ada <ada@quay.example>`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from mailer.people.importing.sources.encoding import UTF8, TextEncoding, lines
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row, RowFile, UnreadableRow

LONGEST = 100_000  # characters of a line
LOOKED_AT = 5  # lines
# A name has at most one comma, as in `Quint, Ada <...>`, and no @: that is of another address.
ITEM = re.compile(
    r"""(?:"((?:\\.|[^"\\]){0,200})"|([^<>;"@,]{0,200}(?:,[^<>;"@,]{0,200})?))\s{0,9}<([^<>]{1,320})>|([^\s,;<>"]+)"""
)
BETWEEN = re.compile(r"[\s,;]*")
HEADING = re.compile(r"\s*(?:#.*|[^@<>]*:)?\s*", re.DOTALL)  # `Digest members:`, as Mailman writes above them


@dataclass(frozen=True, slots=True)
class AddressFile(RowFile):
    """A file of nothing but addresses and names."""

    kind: ClassVar[str] = "a list of addresses"

    encoding: str = UTF8

    @classmethod
    def open(cls, origin: FileOrigin, encoding: TextEncoding) -> AddressFile:
        """Return the file; it has no header to be read."""
        return cls(origin, Row(0, ["email", "name"]), encoding.remarks, encoding=encoding.name)

    @staticmethod
    def holds(origin: FileOrigin, encoding: TextEncoding) -> bool:
        """Whether the first lines hold addresses and names alone."""
        seen = 0
        for line in lines(origin, encoding.name):
            if HEADING.fullmatch(line):
                continue
            if len(line) > LONGEST or not all(found and "@" in found[0] for found in _items(line)):
                return False
            if (seen := seen + 1) == LOOKED_AT:
                break
        return seen > 0

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield a row for each address, in order and anew at each call."""
        for number, line in enumerate(lines(self.origin, self.encoding), 1):
            if HEADING.fullmatch(line):
                continue
            if len(line) > LONGEST:
                yield UnreadableRow(number, line[:100], f"the line has more than {LONGEST:,} characters")
                continue
            for found in _items(line):
                yield (
                    Row(number, list(found))
                    if found
                    else UnreadableRow(number, line.strip()[:100], "is no list of addresses")
                )


def _items(line: str) -> Iterator[tuple[str, str] | None]:
    """Yield address and name of each that a line holds; None, at last, where something else stands."""
    at = 0
    while True:
        blank = BETWEEN.match(line, at)
        at = blank.end() if blank else at
        if at == len(line):
            return
        found = ITEM.match(line, at)
        if not found:
            yield None
            return
        quoted, name, spec, bare = found.groups()
        at = found.end()
        yield bare or spec, (re.sub(r"\\(.)", r"\1", quoted) if quoted else name or "").strip(" '")
