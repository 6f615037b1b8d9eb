"""The people whom segments leave, as the WHERE of a SELECT from `subscribers`.

What was asked for is kept first (`Segments.keep`), so that one command means the same people throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, true

from mailer.domain.segment.named import KeptSegment
from mailer.people.segments.checking import read
from mailer.people.segments.statement import denied
from mailer.people.segments.stored import known_to, statement


def taken_out(
    connection: Connection, kept: Sequence[KeptSegment]
) -> Iterator[tuple[ColumnElement[bool], str]]:
    """Yield for each segment the SQL of whom it takes out, and the reason.

    SegmentError where a field or a list that it names is gone.
    """
    for each in kept:
        known = known_to(connection, each.today)
        inside = statement(connection, known).where(read(each.definition, known))
        yield inside if each.excluded else denied(inside), each.reason


def selected(connection: Connection, kept: Sequence[KeptSegment]) -> ColumnElement[bool]:
    """Return the WHERE of those whom no segment takes out. Raises what `taken_out` does."""
    return and_(true(), *(denied(where) for where, _ in taken_out(connection, kept)))
