"""Issues from before, in the archive of a list: sent by other programs, and never sent from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from mailer.domain.fold import fold
from mailer.store.schema import imported_issues, lists


@dataclass(frozen=True, slots=True)
class ImportedIssue:
    """One of them, as an index shows it."""

    id: int
    list_name: str
    slug: str
    title: str
    summary: str
    sent_at: datetime
    taken_at: datetime


class ImportedIssues:
    """Reads and writes them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[ImportedIssue]:
        """Return all that there are, the newest first."""
        i = imported_issues.c
        query = (
            select(i.id, lists.c.name, i.slug, i.title, i.summary, i.sent_at, i.taken_at)
            .join(lists, lists.c.id == i.list_id)
            .order_by(i.sent_at.desc(), i.id.desc())
        )
        with self._engine.connect() as connection:
            return [ImportedIssue(*row) for row in connection.execute(query)]

    def content(self, number: int) -> bytes | None:
        """Return what one says, as it was put; None if it is gone."""
        i = imported_issues.c
        with self._engine.connect() as connection:
            found = connection.scalar(select(i.content).where(i.id == number))
        return None if found is None else bytes(found)

    def remove(self, slug: str) -> int:
        """Let those of this slug be in no archive; return how many there were."""
        with self._engine.begin() as connection:
            return connection.execute(delete(imported_issues).where(imported_issues.c.slug == slug)).rowcount


def put_imported(
    connection: Connection, list_id: int, slug: str, text: str, values: Mapping[str, Any], now: datetime
) -> str:
    """Put an issue into a list's archive; return whether it is `new`, `changed` or `unchanged`.

    `values` are title, summary, sent_at, digest and content; by the digest it is known whether it changed.
    """
    i = imported_issues.c
    key = {"list_id": list_id, "slug": slug}
    mine = i.list_id == list_id, i.slug == slug
    there = connection.execute(select(i.id, i.digest).where(*mine)).one_or_none()
    if there and bytes(there.digest) == values["digest"]:
        return "unchanged"
    row = {**values, "words": fold(f"{values['title']} {text}"), "taken_at": now}
    if there:
        connection.execute(update(imported_issues).where(i.id == there.id).values(row))
        return "changed"
    connection.execute(insert(imported_issues).values(key | row))
    return "new"
