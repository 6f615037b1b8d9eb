"""The ledger of consent: what people said, when and where, and how that is known. It is only added to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select

from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence, Source, SourceKind
from mailer.domain.moment import utc_text
from mailer.store.dialect import append, give_ids
from mailer.store.schema import consent_sources, consents, lists


class Said(NamedTuple):
    """What one person said of a list (by id), or of all mail if that is None."""

    subscriber_id: int
    list_id: int | None
    change: Change
    evidence: Evidence = NOTHING_KNOWN


def record(connection: Connection, source: Source, said: Iterable[Said], now: datetime) -> None:
    """Add to the ledger what people said."""
    rows = list(said)
    if not rows:
        return
    number, recorded = source_id(connection, source), utc_text(now)
    ids = give_ids(connection, consents, len(rows))
    append(
        connection,
        consents,
        [
            (
                *(each, person, list_id, change.value),
                recorded if known.at is None else utc_text(known.when(now)),
                *(recorded, number, *known[1:]),
            )
            for each, (person, list_id, change, known) in zip(ids, rows, strict=True)
        ],
    )


def source_id(connection: Connection, source: Source) -> int:
    """Return the id of a source, which gets a row if it has none."""
    columns: dict[str, Any] = asdict(source)
    same = (consent_sources.c[name] == value for name, value in columns.items())
    found = connection.scalar(
        select(consent_sources.c.id).where(*same).order_by(consent_sources.c.id).limit(1)
    )
    if found is not None:
        return int(found)
    added = insert(consent_sources).values(columns).returning(consent_sources.c.id)
    return int(connection.execute(added).scalar_one())


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What the ledger says once: when, of which list (by name; None: all mail), what, and how it is known.

    `recorded_at` is when that came to be known here.
    """

    at: datetime
    recorded_at: datetime
    list_name: str | None
    change: Change
    source: Source
    evidence: Evidence


def told(connection: Connection, ids: Sequence[int]) -> list[ConsentRecord]:
    """Return all that the ledger says of people, by id, in the order in which it came to be known."""
    c, s = consents.c, consent_sources.c
    query = (
        select(consents, s.kind, s.name, s.by, s.wording, s.version, lists.c.name.label("list_name"))
        .join(consent_sources, s.id == c.source_id)
        .outerjoin(lists, lists.c.id == c.list_id)
        .where(c.subscriber_id.in_(ids))
        .order_by(c.recorded_at, c.id)
    )
    return [_record(row) for row in connection.execute(query)]


def _record(row: Row[Any]) -> ConsentRecord:
    named = row.list_name or (None if row.list_id is None else f"a list that is gone ({row.list_id})")
    return ConsentRecord(
        row.at,
        row.recorded_at,
        named,
        Change(row.change),
        Source(SourceKind(row.kind), row.name, row.by, row.wording, row.version),
        Evidence(row.at, row.line, row.ip, row.agent, row.note),
    )
