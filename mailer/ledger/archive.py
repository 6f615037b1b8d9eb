"""What of the sends may be seen by anybody: which issues are in the archive of which list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, delete, exists, select

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt
from mailer.domain.fold import fold
from mailer.store.dialect import put
from mailer.store.schema import archive, chunks, lists, revisions, sends
from mailer.store.search import matching

MOST_PHRASES = 20  # of one search
_ASKED = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]|([^\s"“”„«»]+)')


@dataclass(frozen=True, slots=True)
class ArchivedSend:
    """A send that is shown: its newest text is the `number`th, and had since `revised_at`."""

    send_id: int
    slug: str
    lists: tuple[str, ...]
    title: str
    summary: str
    number: int
    sent_at: datetime
    revised_at: datetime


@dataclass(frozen=True, slots=True)
class PublicList:
    """A list whose issues anybody may read; an empty `language` is that of the settings."""

    name: str
    title: str
    description: str
    language: str


class ArchiveTable:
    """Reads and writes what is in the archive."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, send_id: int, title: str, summary: str, text: str) -> None:
        """Let a send be seen, as its text reads now."""
        values = {"title": title, "summary": summary, "words": fold(f"{title} {text}")}
        with self._engine.begin() as connection:
            put(connection, archive, {"send_id": send_id}, values)

    def remove(self, send_ids: Sequence[int]) -> None:
        """Let these sends be seen no more."""
        with self._engine.begin() as connection:
            connection.execute(delete(archive).where(archive.c.send_id.in_(send_ids)))

    def public_lists(self) -> list[PublicList]:
        """Return the lists that have an archive, by their names."""
        c = lists.c
        query = select(c.name, c.title, c.description, c.language).where(c.is_public, c.in_archive)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(c.name)).all()
        return [PublicList(row.name, row.title, row.description, row.language or "") for row in rows]

    def sends(self) -> list[ArchivedSend]:
        """Return what was or is being sent and may be seen, the newest first."""
        with self._engine.connect() as connection:
            return list(_found(connection, _visible()))

    def matching(self, text: str) -> list[int]:
        """Return what has the words of `text`, the best first: the ids of sends; less than nothing, those of
        issues that were imported.

        Words do that begin so; what stands in quotation marks has to stand there like that.
        """
        with self._engine.connect() as connection:
            return matching(connection, phrases(text))

    def template(self, send_id: int, number: int) -> bytes | None:
        """Return the compiled template of a send's `number`th text; None if it is gone."""
        r = revisions.c
        with self._engine.connect() as connection:
            found = connection.scalar(select(r.template).where(r.send_id == send_id, r.no == number))
        return None if found is None else bytes(found)


def phrases(text: str) -> list[list[str]]:
    """Return what is asked for: words, and words in a row."""
    asked = (fold(quoted or word).split() for quoted, word in _ASKED.findall(text))
    return [phrase for phrase in asked if phrase][:MOST_PHRASES]


def _visible() -> ColumnElement[bool]:
    s, c = sends.c, chunks.c
    went = exists().where(c.send_id == s.id, (c.accepted > 0) | (c.uncertain > 0))
    return and_(
        s.proved_at.is_not(None), s.corrects.is_(None), s.halted.is_distinct_from(Halt.CANCELLED), went
    )


def _found(connection: Connection, which: ColumnElement[bool]) -> Iterator[ArchivedSend]:
    for row in connection.execute(_shown().where(which)):
        audience = Audience.parse(row.audience)
        if audience.segment:  # what went to a part of a list only was not meant for everybody
            continue
        yield ArchivedSend(
            row.id,
            row.slug,
            audience.lists,
            row.title,
            row.summary,
            row.no,
            row.created_at,
            row.since,
        )


def _shown() -> Select[tuple[object, ...]]:
    s, a, r, later = sends.c, archive.c, revisions.c, revisions.alias()
    newest = ~exists().where(later.c.send_id == r.send_id, later.c.no > r.no)
    return (
        select(s.id, s.slug, s.audience, s.created_at, a.title, a.summary, r.no, r.since)
        .join_from(archive, sends, s.id == a.send_id)
        .join(revisions, (r.send_id == s.id) & newest)
        .where(r.template.is_not(None))
        .order_by(s.created_at.desc(), s.id.desc())
    )
