"""What webhooks told, written down before it is understood: a request's octets, once, until they are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, exists, insert, select, update

from mailer.domain.returned import Returned
from mailer.ledger.outcomes import latest
from mailer.store.dialect import among
from mailer.store.schema import deliveries, notices, outcomes, sends

UNREAD = exists().where(notices.c.read_at.is_(None))
LOOKED_BACK = 50  # sends of one person


class NoticeRow(NamedTuple):
    """A request: whose it is, by what a copy of it is known, and its octets."""

    provider: str
    digest: str
    octets: bytes


def keep(connection: Connection, rows: Sequence[NoticeRow], now: datetime) -> set[str]:
    """Write down those that are new; return their digests. The caller holds the write lock."""
    c = notices.c.digest
    known = set(connection.scalars(select(c).where(among(c, [row.digest for row in rows]))))
    fresh = {row.digest: row for row in rows if row.digest not in known}
    if fresh:
        values = [{**row._asdict(), "received_at": now} for row in fresh.values()]
        connection.execute(insert(notices), values)
    return set(fresh)


def any_waiting(connection: Connection) -> bool:
    """Whether something is yet to be read."""
    return bool(connection.scalar(select(UNREAD)))


def waiting(connection: Connection, most: int) -> list[Any]:
    """Return the oldest that are yet to be read, with their ids."""
    query = select(notices).where(notices.c.read_at.is_(None)).order_by(notices.c.id).limit(most)
    return list(connection.execute(query))


def were_read(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Note that they were, and let their octets go: what they told is in `returns`."""
    which = among(notices.c.id, ids)
    connection.execute(update(notices).where(which).values(read_at=now, octets=b""))


def forget(connection: Connection, before: datetime) -> None:
    """Forget that they came: whatever came before `before` is too old to be taken for new."""
    connection.execute(delete(notices).where(notices.c.read_at.is_not(None), notices.c.received_at < before))


def copy_queued_as(connection: Connection, subscriber_id: int, name: str) -> Returned | None:
    """Return which copy of a person's the server took as `name`, by the words of its 250."""
    d, o = deliveries.c, outcomes.c
    theirs = and_(d.send_id == o.send_id, d.subscriber_id == o.subscriber_id, latest())
    # By the primary key of each send: nobody's deliveries are found by the person alone.
    query = (
        select(sends.c.id, o.reply)
        .select_from(sends)
        .join(deliveries, (d.send_id == sends.c.id) & (d.subscriber_id == subscriber_id))
        .join(outcomes, theirs)
        .order_by(sends.c.id.desc())
        .limit(LOOKED_BACK)
    )
    found = (row.id for row in connection.execute(query) if name in (row.reply or ""))
    send_id = next(found, None)
    return Returned(send_id, subscriber_id) if send_id else None
