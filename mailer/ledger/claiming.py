"""Taking deliveries out of the queue, and those back whose people left. Run for every message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Update, case, exists, func, or_, select, update

from mailer.domain.delivery import Claim, Halt, State
from mailer.domain.send import Send
from mailer.domain.subscriber import Status
from mailer.store.schema import attempts, deliveries, lists, sends, subscribers, subscriptions, suppressions
from mailer.store.snapshot import recipients, snapshot_of

UNSUBSCRIBED_SINCE = "unsubscribed after the audience was frozen"
SUPPRESSED_SINCE = "suppressed after the audience was frozen"


def claim(
    connection: Connection,
    send: Send,
    worker: str,
    limit: int,
    now: datetime,
    without: Sequence[str],
    *,
    unrefused: bool = False,
) -> list[Claim]:
    """Take up to `limit` queued deliveries in the caller's transaction; see `Ledger.claim`."""
    d = deliveries.c
    first = _queued(send, limit, without, unrefused=unrefused)
    # Others move up in the place of those cancelled, and have to be looked at too.
    while cancel_gone(connection, send, update(deliveries).where(d.id.in_(first)), now):
        pass
    taken = update(deliveries).where(d.id.in_(first))
    text = case((bound(), d.revision), else_=send.number)
    rows = connection.execute(
        taken.values(state=State.CLAIMED, worker=worker, updated_at=now, revision=text).returning(
            d.subscriber_id, *snapshot_of(deliveries), d.id, d.revision
        )
    ).all()
    return sorted(
        Claim(row[-2], recipient, row[-1]) for row, recipient in zip(rows, recipients(rows), strict=True)
    )


def bound() -> ColumnElement[bool]:
    """Return whether a copy of a delivery may be out already: then it keeps its text, as its Message-ID."""
    d, a = deliveries.c, attempts.c
    doubted = exists().where(a.delivery_id == d.id, a.state == State.UNCERTAIN)
    return d.revision.is_not(None) & doubted


def gone(connection: Connection, send: Send, worker: str) -> list[int]:
    """Return which of a worker's claims are of people who left every list of the send or were suppressed."""
    d = deliveries.c
    held = (d.send_id == send.id) & (d.state == State.CLAIMED) & (d.worker == worker)
    return list(connection.scalars(select(d.id).where(held, or_(_left(send), _suppressed_now()))))


def refused_before(connection: Connection, send: Send, delivery_ids: Sequence[int]) -> dict[int, bool]:
    """Return which of these were refused and put back, and whether others were accepted since."""
    a, d = attempts.c, deliveries.c
    latest = select(func.max(d.updated_at)).where(d.send_id == send.id, d.state == State.ACCEPTED)
    accepted = connection.scalar(latest)
    put_back = (
        select(a.delivery_id, func.min(a.at))
        .where(a.delivery_id.in_(delivery_ids), a.state == State.QUEUED, a.reply.startswith("5"))
        .group_by(a.delivery_id)
    )
    return {
        delivery_id: accepted is not None and at < accepted
        for delivery_id, at in connection.execute(put_back)
    }


def latest_deferral(connection: Connection, send: Send) -> str | None:
    """Return what was said last to a message of this send that was put off; None if none was."""
    a, d = attempts.c, deliveries.c
    of_this = d.id == a.delivery_id, d.send_id == send.id, a.state == State.DEFERRED
    return connection.scalar(select(a.reply).where(*of_this).order_by(a.id.desc()).limit(1))


def cancel_gone(connection: Connection, send: Send, rows: Update, now: datetime) -> set[int]:
    """Cancel those of `rows` whose people left every list of the send or were suppressed; return which."""
    left = _left(send)
    cancelled = rows.where(or_(left, _suppressed_now())).values(
        state=State.CANCELLED,
        worker=None,
        reason=case((left, UNSUBSCRIBED_SINCE), else_=SUPPRESSED_SINCE),
        updated_at=now,
    )
    return set(connection.scalars(cancelled.returning(deliveries.c.id)))


def _queued(send: Send, limit: int, without: Sequence[str], *, unrefused: bool) -> Select[tuple[int]]:
    d = deliveries.c
    s = sends.c
    free = exists().where(
        s.id == send.id,
        s.proved_at.is_not(None),
        or_(s.halted.is_(None), s.halted == Halt.LIMITED),
        s.revision == send.revision,  # a worker with the text from before a correction gets no more
    )
    left = [~func.lower(d.email).endswith(f"@{domain}", autoescape=True) for domain in without]
    query = select(d.id).where(d.send_id == send.id, d.state == State.QUEUED, free, *left)
    if unrefused:
        query = query.where(or_(d.reason.is_(None), ~d.reason.startswith("5")))
    return query.order_by(d.id).limit(limit)


def _left(send: Send) -> ColumnElement[bool]:
    ids = select(lists.c.id).where(lists.c.name.in_(send.audience.lists))
    return ~exists().where(
        subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
        subscriptions.c.list_id.in_(ids),
        subscriptions.c.status == Status.SUBSCRIBED,
    )


def _suppressed_now() -> ColumnElement[bool]:
    return exists().where(
        subscribers.c.id == deliveries.c.subscriber_id,
        suppressions.c.email_key == subscribers.c.email_key,
    )
