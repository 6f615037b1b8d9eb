"""Columns of objects in JSON, as systems write what is no column of theirs: each key becomes one here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mailer.errors import UsageError
from mailer.people.importing.sources.json_file import flat
from mailer.people.importing.sources.row_file import WIDEST, Row, RowFile, UnreadableRow


@dataclass(frozen=True, slots=True)
class SpreadFile(RowFile):
    """Another file with what stands in some of its columns spread out beside the others."""

    kind: ClassVar[str] = "JSON in cells"

    file: RowFile | None = None
    places: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the other file is called."""
        return self.file.names if self.file else ()

    @property
    def is_titled(self) -> bool:
        """Whether something stands above the header."""
        return self.file is not None and self.file.is_titled

    def records(self) -> Iterator[Row | UnreadableRow]:
        """Yield the rows with a cell for each key; what is no object stays where it is."""
        for row in self.file.records() if self.file else ():
            yield self._spread(row) if isinstance(row, Row) else row

    def _spread(self, row: Row) -> Row:
        cells, found = [*row.cells], dict[str, str]()
        for place in self.places:
            if place < len(cells) and (item := _object(cells[place])) is not None:
                found |= dict(flat(item))
                cells[place] = ""
        width = len(self.header.cells) - len(self.keys)
        cells += [""] * (width - len(cells))
        return Row(row.line, cells[:width] + [found.get(key, "") for key in self.keys] + cells[width:])


def spread(file: RowFile, headings: Sequence[str]) -> RowFile:
    """Return the file with these columns spread out, and what is nested in one named without it.

    `attribs.town` becomes `town`, if there is no other. UsageError for more keys than anybody needs.
    """
    there = [heading.strip() for heading in file.header.cells]
    places = tuple(place for place, heading in enumerate(there) if heading in headings)
    keys, mixed = _keys(file, places)
    if len(keys) + len(there) > WIDEST:
        raise UsageError(f"{file.origin} has more than {WIDEST:,} columns: it is no file of people")
    names = [_bare(heading, headings, there) for heading in there]
    for place in {*places} - mixed:
        names[place] = ""
    names += [f"{headings[0]}.{key}" if key in there else key for key in keys]
    if names == there:
        return file
    header = Row(file.header.line, names)
    return SpreadFile(file.origin, header, file.remarks, file.delimiter, file.ours, file, places, keys)


def _bare(heading: str, nesting: Sequence[str], there: Sequence[str]) -> str:
    for each in nesting:
        if (bare := heading.removeprefix(f"{each}.")) not in there:
            return bare
    return heading


def _keys(file: RowFile, places: Sequence[int]) -> tuple[tuple[str, ...], set[int]]:
    """Return the keys in these columns, and which of them hold something else as well."""
    keys: dict[str, None] = {}
    left: set[int] = set()
    rows = file.records() if places else iter(())
    for cells in (row.cells for row in rows if isinstance(row, Row)):
        for place in places:
            text = cells[place] if place < len(cells) else ""
            item = _object(text)
            keys |= dict.fromkeys(key for key, _ in flat(item)) if item else {}
            left |= {place} if item is None and text.strip() else set()
    return tuple(keys), left


def _object(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        item = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return item if isinstance(item, dict) else None
