"""Taking a chunk: one row is changed, and whoever left since the audience was frozen is cancelled instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    null,
    or_,
    select,
    true,
    update,
)

from mailer.domain.delivery import Claim, Halt, State
from mailer.domain.mailbox_providers import provider_of
from mailer.domain.outcome import Stage
from mailer.domain.send import ASKED, Send, SendKind
from mailer.domain.subscriber import Status
from mailer.ledger.chunks import CLOSED, Chunk, add, change
from mailer.ledger.outcomes import NEW, DeliveryHistory, OutcomeRow, Tally, write
from mailer.ledger.sequences import miss
from mailer.ledger.stages import has_come, stop_if_struck
from mailer.people.suppressing import Suppressing
from mailer.store.dialect import among, moment_in
from mailer.store.schema import chunks, deliveries, lists, sends, subscribers, subscriptions
from mailer.store.snapshot import recipients, snapshot_of

UNSUBSCRIBED_SINCE = "unsubscribed after the audience was frozen"
SUPPRESSED_SINCE = "suppressed after the audience was frozen"
PAUSED_SINCE = "paused after the audience was frozen"
CONFIRMED_SINCE = "confirmed before it went"
ERASED_SINCE = "erased before it went"

Id = int | ColumnElement[int]


@dataclass(slots=True)
class HeldChunk:
    """A chunk in a worker's hand: who of it waits still, and the history of those who have one."""

    chunk: Chunk
    waiting: set[int]
    histories: Mapping[int, DeliveryHistory] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)


def take(
    connection: Connection,
    send: Send,
    worker: str,
    now: datetime,
    without: Collection[str] = (),
    lease: float | None = None,
    held: Collection[int] = (),
) -> HeldChunk | None:
    """Take the next chunk of a send in the caller's transaction, None if there is none.

    Whoever in it is of a mailbox provider in `without` goes to a chunk of their own, which is left. With a
    `lease` (seconds) it is held for so long, else until it is let go; one whose lease has ended is there to
    be taken, and whoever its holder may have handed over is uncertain then; but for the chunks `held` by the
    caller: their leases may have ended while it was stopped, which its next mark finds out.
    """
    if send.rollout and stop_if_struck(connection, send, now):
        return None
    while (chunk := _next(connection, send, worker, now, without, lease, held)) is not None:
        taken = _look_through(connection, send, chunk, now, without)
        if taken.waiting:
            return taken
    return None


@lru_cache(maxsize=16)
def _between(kind: SendKind, names: tuple[str, ...], never: Suppressing) -> Select[Any]:
    """Return the SELECT of who is in a range, with their values and why they must not get it any more.

    Made once, as the next one: to make it anew takes longer than to run it.
    """
    mine, why = _mine_and_why(kind, names, never)
    d = deliveries.c
    return select(d.subscriber_id, *snapshot_of(deliveries), why).where(mine).order_by(d.subscriber_id)


@lru_cache(maxsize=16)
def _leavers(kind: SendKind, names: tuple[str, ...], never: Suppressing) -> Select[Any]:
    """Return the SELECT of who in a range must not get it any more, with the words for it."""
    mine, why = _mine_and_why(kind, names, never)
    return select(deliveries.c.subscriber_id, why).where(mine, why.is_not(None))


def _mine_and_why(
    kind: SendKind, names: tuple[str, ...], never: Suppressing
) -> tuple[ColumnElement[bool], ColumnElement[str | None]]:
    """Return whether a delivery is in the range of `_bounds`, and `reason_gone` of it."""
    between: tuple[Id, Id] = bindparam("first"), bindparam("last")
    d = deliveries.c
    mine = (d.send_id == bindparam("send")) & d.subscriber_id.between(*between)
    return mine, reason_gone(kind, names, never, bindparam("now"), between)


def _bounds(chunk: Chunk, now: datetime) -> dict[str, Any]:
    return {"send": chunk.send_id, "first": chunk.first, "last": chunk.last, "now": now}


def _within(query: Select[Any], chunk: Chunk) -> Select[Any]:
    """Return a SELECT between `_bounds` for those of a chunk alone."""
    return query if chunk.people is None else query.where(among(deliveries.c.subscriber_id, chunk.people))


def gone(connection: Connection, send: Send, held: Sequence[Chunk], now: datetime) -> dict[int, str]:
    """Return who in these chunks left every list of the send or was suppressed, with the words for it."""
    query = _leavers(send.kind, send.audience.lists, Suppressing.of(connection))
    found: dict[int, str] = {}
    for chunk in held:
        rows = connection.execute(_within(query, chunk), _bounds(chunk, now)).all()
        found |= {row[0]: row[1] for row in rows}
    return found


def reason_gone(
    kind: SendKind,
    names: Sequence[str],
    never: Suppressing,
    now: datetime | ColumnElement[datetime],
    between: tuple[Id, Id],
) -> ColumnElement[str | None]:
    """Return the SQL of why a delivery's person must not get what goes to these lists; NULL: they may.

    What is about somebody's own record they get on whatever list they are, and whoever is to confirm lists
    unless they are on all of them. The ids of all who are looked at are `between` two: else PostgreSQL reads
    everybody, for each chunk anew.
    """
    person = exists().where(
        subscribers.c.id == deliveries.c.subscriber_id, subscribers.c.id.between(*between)
    )
    suppressed = person.where(never.suppressed())
    if kind is SendKind.NOTICE:
        return cast(null(), Text)
    if kind is SendKind.ACCOUNT:
        return case((~person, ERASED_SINCE))
    if kind in ASKED:
        done = (suppressed, SUPPRESSED_SINCE), (_on_all(names), CONFIRMED_SINCE)
        return case((~person, ERASED_SINCE), *done)
    there, pausing = subscriptions.c.subscriber_id.between(*between), subscriptions.c.paused_until > now
    # What holds of nearly everybody first: each question costs something for every message.
    return case(
        (_on(names, there, pausing.is_not(true())), case((suppressed, SUPPRESSED_SINCE))),
        (_on(names, there), case((suppressed, SUPPRESSED_SINCE), else_=PAUSED_SINCE)),
        else_=UNSUBSCRIBED_SINCE,
    )


def cancelled(taken: HeldChunk, reasons: Mapping[int, str], now: datetime) -> list[OutcomeRow]:
    """Return the outcomes by which people of a chunk are cancelled."""
    send_id, known = taken.chunk.send_id, taken.histories
    return [
        known.get(person, NEW).then(send_id, person, State.CANCELLED, words, now)
        for person, words in reasons.items()
    ]


def heed_pauses(connection: Connection, send: Send, gone: Mapping[int, str], now: datetime) -> None:
    """Let those of whom a step of a sequence was cancelled because they pause get it when they are back."""
    paused = [person for person, why in gone.items() if why == PAUSED_SINCE]
    if paused and send.kind is SendKind.SEQUENCE:
        miss(connection, send.id, paused, now)


def _next(
    connection: Connection,
    send: Send,
    worker: str,
    now: datetime,
    without: Collection[str],
    lease: float | None,
    held: Collection[int],
) -> Chunk | None:
    c, s = chunks.c, sends.c
    free = exists().where(
        s.id == send.id,
        s.proved_at.is_not(None),
        s.halted.is_(None) | (s.halted == Halt.LIMITED),
        s.revision == send.revision,  # a worker with the text from before a correction gets no more
    )
    clock = moment_in(connection)
    nobodys = or_(c.holder.is_(None), c.leased_until < clock) & c.id.not_in(held)
    ready = and_(c.send_id == send.id, c.is_open, nobodys, c.due_at.is_(None), free)
    if send.rollout:
        ready &= has_come(connection, send)
    if without:
        ready &= or_(c.receiver.is_(None), c.receiver.not_in(without))
    first = select(chunks).where(ready).order_by(c.id).limit(1).with_for_update(skip_locked=True)
    if (found := connection.execute(first).one_or_none()) is None:
        return None
    leased_until = None if lease is None else moment_in(connection, lease)
    ours = {"holder": worker, "epoch": found.epoch + 1, "marks": 0, "leased_until": leased_until}
    connection.execute(update(chunks).where(c.id == found.id).values(ours | {"in_doubt": None}))
    chunk = replace(Chunk.of(found), holder=worker, epoch=found.epoch + 1)
    if found.in_doubt:
        doubt(connection, chunk, found.holder, found.in_doubt, send.number, now)
    return chunk


def doubt(
    connection: Connection, chunk: Chunk, holder: str, people: Sequence[int], revision: int, now: datetime
) -> None:
    """Make those uncertain whom a lost holder of the chunk may have handed over, of whom nothing is known."""
    waiting, words = chunk.waiting(connection), words_of_loss(holder)
    rows = [
        OutcomeRow(
            chunk.send_id,
            person,
            waiting[person].number + 1,
            State.UNCERTAIN,
            Stage.CONTENT,
            now,
            None,
            words,
            waiting[person].bound or revision,
            tried=True,
        )
        for person in people
        if person in waiting
    ]
    write(connection, rows)
    change(connection, chunk, Tally({State.QUEUED: -len(rows), State.UNCERTAIN: len(rows)}))


def words_of_loss(worker: str) -> str:
    """Return what is said of a delivery that a lost worker may have handed over; only it can say more."""
    return f"its sender ({worker}) was lost, so it may have handed the message over"


def _look_through(
    connection: Connection, send: Send, chunk: Chunk, now: datetime, without: Collection[str]
) -> HeldChunk:
    query = _between(send.kind, send.audience.lists, Suppressing.of(connection))
    rows = connection.execute(_within(query, chunk), _bounds(chunk, now)).all()
    known = chunk.histories(connection)
    if known or chunk.people is not None:
        rows = [row for row in rows if chunk.awaits(known.get(row[0], NEW))]
    taken = HeldChunk(chunk, {row[0] for row in rows}, known)
    tally = Tally()
    if reasons := {row[0]: row[-1] for row in rows if row[-1] is not None}:
        write(connection, cancelled(taken, reasons, now))
        heed_pauses(connection, send, reasons, now)
        taken.waiting.difference_update(reasons)
        tally = Tally({State.CANCELLED: len(reasons), State.QUEUED: -len(reasons)})
    if without:
        tally.update(_set_aside(connection, taken, rows, now, without))
    if tally or not rows:
        change(connection, chunk, tally, **({} if taken.waiting else CLOSED))
        rows = [row for row in rows if row[0] in taken.waiting]
    text = send.number
    if known:
        taken.claims = [
            Claim(person[0], person, known.get(person[0], NEW).bound or text) for person in recipients(rows)
        ]
    else:
        taken.claims = [Claim(person[0], person, text) for person in recipients(rows)]
    return taken


def _set_aside(
    connection: Connection,
    taken: HeldChunk,
    everyone: Sequence[Row[Any]],
    now: datetime,
    without: Collection[str],
) -> Tally:
    """Make chunks of those whose mailbox provider is held back; return by how much this one has fewer."""
    held: dict[str, list[int]] = {}
    for row in everyone:
        receiver = provider_of(row.email)
        if receiver in without and row.subscriber_id in taken.waiting:
            held.setdefault(receiver, []).append(row.subscriber_id)
    moved = Tally()
    for receiver, people in held.items():
        send_id, count = taken.chunk.send_id, len(people)
        aside = add(connection, send_id, people, Tally({State.QUEUED: count}), receiver=receiver)
        known = {person: taken.histories.get(person, NEW) for person in people}
        rows = [
            each.then(send_id, person, State.QUEUED, each.reply, now, aside) for person, each in known.items()
        ]
        write(connection, rows)
        taken.waiting.difference_update(people)
        moved[State.QUEUED] -= count
    return moved


def _on(names: Sequence[str], *how: ColumnElement[bool]) -> ColumnElement[bool]:
    ids = select(lists.c.id).where(lists.c.name.in_(names))
    return exists().where(
        subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
        subscriptions.c.list_id.in_(ids),
        subscriptions.c.status == Status.SUBSCRIBED,
        *how,
    )


def _on_all(names: Sequence[str]) -> ColumnElement[bool]:
    theirs = exists().where(
        subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
        subscriptions.c.list_id == lists.c.id,
        subscriptions.c.status == Status.SUBSCRIBED,
    )
    return ~exists().where(lists.c.name.in_(names), ~theirs.correlate(deliveries, lists))
