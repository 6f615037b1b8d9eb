"""A person's values as they were when the audience was frozen: the columns, and their rows read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, type_coerce

from mailer.domain.recipient import Recipient

SNAPSHOT = ("email", "name", "language", "timezone", "tags", "fields")
"""The columns that a delivery keeps as they were when its audience was frozen."""

_JSON = ("tags", "fields")


def snapshot_of(table: FromClause) -> list[ColumnElement[Any]]:
    """Return the snapshot's columns as `recipients` reads them: JSON as text."""
    return [type_coerce(table.c[name], Text) if name in _JSON else table.c[name] for name in SNAPSHOT]


def recipients(rows: Sequence[Sequence[Any]]) -> list[Recipient]:
    """Return the people in `rows`: subscriber_id and `snapshot_of` first; what comes after is left out."""
    # One call for all: this runs for every message.
    tags, fields = (json.loads(f"[{','.join([row[n] or 'null' for row in rows])}]") for n in (5, 6))
    return [
        Recipient(row[0], row[1], row[2], row[3], row[4], tagged and tuple(tagged), values)
        for row, tagged, values in zip(rows, tags, fields, strict=True)
    ]
