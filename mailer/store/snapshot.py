"""A person's values as they were when the audience was frozen: the columns, and their rows read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from mailer.domain.audience import Recipient
from mailer.domain.page import Page
from mailer.store.dialect import as_json, json_text

SNAPSHOT = ("email", "name", "language", "timezone", "tags", "fields")
"""The columns that a delivery keeps as they were when its audience was frozen."""

_JSON = ("tags", "fields")


def snapshot_of(table: FromClause) -> list[ColumnElement[Any]]:
    """Return the snapshot's columns as `recipients` reads them: JSON as text."""
    return [json_text(table.c[name]).label(name) if name in _JSON else table.c[name] for name in SNAPSHOT]


def kept_of(people: FromClause, name: str) -> ColumnElement[Any]:
    """Return a column of the snapshot among `snapshot_of` somebody, as it goes into one of its own again."""
    return as_json(people.c[name]) if name in _JSON else people.c[name]


def recipients(rows: Sequence[Sequence[Any]]) -> list[Recipient]:
    """Return the people in `rows`: subscriber_id and `snapshot_of` first; what comes after is left out."""
    if not rows:
        return []
    # Column by column: this runs for every message.
    *plain, tags, fields = islice(zip(*rows, strict=True), len(Recipient._fields))
    tagged = [each and tuple(each) for each in _decoded(tags)]
    return list(map(Recipient._make, zip(*plain, tagged, _decoded(fields), strict=True)))


class RowPage(Page):
    """People in rows as `recipients` takes them. JSON is read only where somebody asks for it."""

    def recipients(self, numbers: Iterable[int]) -> list[Recipient]:
        """Return those with these numbers, counted from 0."""
        return recipients([self._rows[number] for number in numbers])

    def read_json(self, column: Sequence[str | None]) -> list[Any]:
        """Return what stands in a column that JSON is kept in."""
        return _decoded(column)


def _decoded(column: Sequence[str | None]) -> list[Any]:
    decoded: list[Any] = json.loads(f"[{','.join([text or 'null' for text in column])}]")
    return decoded
