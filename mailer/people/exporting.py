"""People as rows of a file, with all that is known of them: an import reads the same back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailer.domain.field import Value, to_text
from mailer.domain.spreadsheet import STATES, csv_line, write_lists
from mailer.domain.subscriber import OWN_FIELDS, Subscriber

Row = tuple[Value | None, ...]


def columns(free: Sequence[str]) -> tuple[str, ...]:
    """Return the headings, for people who may have these fields beyond their own."""
    return (*OWN_FIELDS, *free, *STATES)


def rows(people: Iterable[Subscriber], free: Sequence[str]) -> Iterator[Row]:
    """Yield the values of each person below those headings, in their types; None for what nobody knows."""
    for each in people:
        own = (each.email, each.name, each.language, each.timezone, list(each.tags) or None)
        known = (each.fields.get(name) for name in free)
        yield (*own, *known, write_lists(each.lists) or None, each.suppressed)


def csv_lines(headings: Sequence[str], found: Iterable[Row]) -> Iterator[bytes]:
    """Yield the lines of a CSV file in UTF-8, of which no spreadsheet runs a cell."""
    yield csv_line(headings).encode()
    for row in found:
        yield csv_line(map(to_text, row)).encode()
