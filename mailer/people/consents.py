"""The ledger of consent: what people said, when and where, and how that is known. It is only added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence, Source
from mailer.store.schema import consent_sources, consents


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
    number = source_id(connection, source)
    connection.execute(insert(consents), [_row(each, number, now) for each in rows])


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


def _row(said: Said, number: int, now: datetime) -> dict[str, Any]:
    known = said.evidence
    return {
        "subscriber_id": said.subscriber_id,
        "list_id": said.list_id,
        "change": said.change,
        "at": known.at or now,
        "recorded_at": now,
        "source_id": number,
        "line": known.line,
        "ip": known.ip,
        "agent": known.agent,
        "note": known.note,
    }
