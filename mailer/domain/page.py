"""Some recipients at once, by columns: whoever looks at many needs no object for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from mailer.domain.audience import Recipient
from mailer.domain.subscriber import OWN_FIELDS

PAGE = 500  # recipients


class Page:
    """Recipients, as rows of their values."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, field: str) -> Sequence[Any]:
        """Return what `subscriber` has of this field in a template, for each; None where that is no value."""
        if field in OWN_FIELDS:
            column = self._columns[field]
            return self.read_json(column) if field == "tags" else column
        return [fields.get(field) if fields else None for fields in self._fields]

    def recipients(self, numbers: Iterable[int]) -> list[Recipient]:
        """Return those with these numbers, counted from 0."""
        return [Recipient._make(self._rows[number]) for number in numbers]

    def read_json(self, column: Sequence[Any]) -> Sequence[Any]:
        """Return what stands in a column that JSON is kept in: of `tags`, or of `fields`."""
        return column

    @cached_property
    def _columns(self) -> dict[str, Sequence[Any]]:
        return dict(zip(Recipient._fields, zip(*self._rows, strict=True), strict=False))

    @cached_property
    def _fields(self) -> Sequence[Any]:
        return self.read_json(self._columns["fields"])


def pages_of(recipients: Iterable[Recipient]) -> Iterator[Page]:
    """Yield these in pages."""
    rows = iter(recipients)
    while page := list(islice(rows, PAGE)):
        yield Page(page)
