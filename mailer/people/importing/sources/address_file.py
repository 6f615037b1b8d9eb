"""A pasted column of addresses, one or several a line, with names or without: `Ada <ada@quay.example>`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from mailer.domain.standing import refusing_name, refusing_word, smells
from mailer.errors import UsageError
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
            if HEADING.fullmatch(line) or (seen and "@" not in line):
                continue
            if len(line) > LONGEST or not all(map(_is_address, _items(line))):
                return False
            if (seen := seen + 1) == LOOKED_AT:
                break
        return seen > 0

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield a row for each address, in order and anew at each call.

        UsageError for a line that says of those below it that they are not to be mailed.
        """
        for number, line in enumerate(lines(self.origin, self.encoding), 1):
            if "@" not in line and (refusing_name(line) or refusing_word(line) or smells([line])):
                raise UsageError(
                    f"{self.origin}:{number}: {line.strip()[:100]!r} seems to say who is not to be mailed",
                    next_step="Put those below it into a file of their own, without it: --as unsubscribed",
                )
            if HEADING.fullmatch(line):
                continue
            if len(line) > LONGEST:
                yield UnreadableRow(number, line[:100], f"the line has more than {LONGEST:,} characters")
                continue
            yield from _rows(number, line)


def _rows(number: int, line: str) -> Iterator[Row | UnreadableRow]:
    found = list(_items(line))
    if all(map(_is_address, found)):
        yield from (Row(number, [*each]) for each in found if each)
        return
    first, _, rest = line.strip().partition(" ")
    if refusing_word(rest):  # a cell too many: the row is rejected, and what it says heeded
        yield Row(number, [first, "", rest.strip()])
    else:
        yield UnreadableRow(number, line.strip()[:100], "is no list of addresses")


def _is_address(found: tuple[str, str] | None) -> bool:
    return found is not None and "@" in found[0]


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
