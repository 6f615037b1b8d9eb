"""Which sends somebody may help with now, and whether anybody still has a part of one in hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, func, or_, select

from mailer.domain.send import Send, SendKind
from mailer.store.dialect import moment_in
from mailer.store.schema import chunks, sends


def ready(connection: Connection, now: datetime) -> dict[int, int]:
    """Return how many chunks may be taken now, by the send; none of what a person halted, and no notices."""
    c, s = chunks.c, sends.c
    free = or_(c.holder.is_(None), c.leased_until < moment_in(connection))
    due = or_(c.due_at.is_(None), c.due_at <= now)
    come = or_(c.stage.is_(None), c.stage <= s.stage)
    found = (
        select(c.send_id, func.count())
        .join(sends, s.id == c.send_id)
        .where(
            s.proved_at.is_not(None),
            s.kind != SendKind.NOTICE,
            s.halted.is_(None),
            c.is_open,
            free,
            due,
            come,
        )
        .group_by(c.send_id)
    )
    return dict(connection.execute(found).all())


def in_hand(connection: Connection, send: Send) -> bool:
    """Return whether some worker holds a chunk of the send."""
    c = chunks.c
    held = exists().where(c.send_id == send.id, c.is_open, c.holder.is_not(None))
    return bool(connection.scalar(select(held)))
