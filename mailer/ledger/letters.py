"""Letters: written to one person because something happened, and kept in the ledger as an issue's mails are.

A letter is a delivery of a send that stays open. There is one send for each kind, text and lists, and another
one for those who get such a letter once more: a send has nobody twice. Each letter is a chunk of its own,
so that whoever sends takes it up as anything else that waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, literal, or_, select, update

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt, State
from mailer.domain.send import SendKind
from mailer.ledger.chunks import add, groups
from mailer.ledger.freezing import FrozenText, kept_columns, write_revision
from mailer.ledger.outcomes import Tally, latest
from mailer.store.dialect import among
from mailer.store.schema import chunks, deliveries, outcomes, sends, subscribers
from mailer.store.snapshot import kept_of, snapshot_of

# Whoever runs the program is no subscriber: their mails go by the numbers from this one on, which is no
# subscriber's, and for which the token of a return path has room.
ADMINS = 1 << 34


@dataclass(frozen=True, slots=True)
class LetterText:
    """What a letter says: a compiled text of some kind, under a `slug` of its own, in the name of lists."""

    kind: SendKind
    slug: str
    audience: Audience
    wording: FrozenText


def has_letter(connection: Connection, text: LetterText, subscriber_id: int) -> bool:
    """Return whether a person has, or is to get, a letter of this kind in the name of these lists."""
    s, d = sends.c, deliveries.c
    alike = (s.kind == text.kind, s.audience == text.audience.canonical())
    found = select(s.id).join(deliveries, d.send_id == s.id).where(*alike, d.subscriber_id == subscriber_id)
    return connection.scalar(found.limit(1)) is not None


def letters_since(connection: Connection, kind: SendKind, subscriber_id: int, moment: datetime) -> int:
    """Return how many letters of a kind a person is to get, or was written after this moment."""
    s, d, o = sends.c, deliveries.c, outcomes.c
    mine = and_(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id, latest())
    query = (
        select(func.count())
        .select_from(sends)
        .join(deliveries, and_(d.send_id == s.id, d.subscriber_id == subscriber_id))
        .outerjoin(outcomes, mine)
        .where(s.kind == kind, or_(o.at.is_(None), o.at > moment))
    )
    return int(connection.scalar(query) or 0)


def notices_mailed(connection: Connection, number: int) -> str:
    """Return what became of the mail of a notice, "" if none was written."""
    s, d, o = sends.c, deliveries.c, outcomes.c
    theirs = and_(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id, latest())
    query = (
        select(func.coalesce(o.state, State.QUEUED.value), o.reply)
        .select_from(deliveries)
        .join(sends, (s.id == d.send_id) & (s.kind == SendKind.NOTICE))
        .outerjoin(outcomes, theirs)
        .where(d.subscriber_id == ADMINS + number)
    )
    row = connection.execute(query.order_by(s.id.desc()).limit(1)).one_or_none()
    return "" if row is None else ": ".join(filter(None, row))


def write_letter(
    connection: Connection,
    text: LetterText,
    subscriber_id: int,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    email: str | None = None,
) -> int:
    """Let a person get this letter, in the caller's transaction; return the id of its send.

    It is filled with `values`, else with those of the subscriber that it names, and goes to the address that
    they have, or to this `email`.
    """
    send_id = _open_send(connection, text, subscriber_id) or _begin(connection, text, now)
    if values is None:
        people = select(subscribers.c.id, *snapshot_of(subscribers)).subquery()
        kept = kept_columns(text.wording.fields)
        row = select(literal(send_id), people.c.id, *(kept_of(people, name) for name in kept))
        theirs = row.where(people.c.id == subscriber_id)
        connection.execute(insert(deliveries).from_select(["send_id", "subscriber_id", *kept], theirs))
    else:
        p = subscribers.c
        address = email or connection.scalar(select(p.email).where(p.id == subscriber_id))
        own = {"email": address, "fields": dict(values)}
        connection.execute(insert(deliveries).values(send_id=send_id, subscriber_id=subscriber_id, **own))
    alone = {"first": subscriber_id, "last": subscriber_id, State.QUEUED.value: 1}
    connection.execute(insert(chunks).values(send_id=send_id, is_open=True, **alone))
    counted = update(sends).where(sends.c.id == send_id).values(candidates=sends.c.candidates + 1)
    connection.execute(counted)
    return send_id


def write_letters(
    connection: Connection, text: LetterText, people: Iterable[int], now: datetime
) -> dict[int, int]:
    """Let many people get this letter, as `write_letter` does, but chunk by chunk; return the send of each.

    It is filled with the values of theirs that it names.
    """
    left, found = set(people), dict[int, int]()
    s, d = sends.c, deliveries.c
    there = iter(connection.scalars(select(s.id).where(*_same(text)).order_by(s.occasion)).all())
    while left:
        send_id = next(there, None) or _begin(connection, text, now)
        had = connection.scalars(
            select(d.subscriber_id).where(d.send_id == send_id, among(d.subscriber_id, left))
        )
        fresh = left.difference(had)
        _add(connection, send_id, text, fresh)
        found |= dict.fromkeys(fresh, send_id)
        left -= fresh
    return found


def _add(connection: Connection, send_id: int, text: LetterText, people: Collection[int]) -> None:
    if not people:
        return
    known = (
        select(subscribers.c.id, *snapshot_of(subscribers)).where(among(subscribers.c.id, people)).subquery()
    )
    kept = kept_columns(text.wording.fields)
    rows = select(literal(send_id), known.c.id, *(kept_of(known, name) for name in kept))
    connection.execute(insert(deliveries).from_select(["send_id", "subscriber_id", *kept], rows))
    for group in groups(people):
        add(connection, send_id, group, Tally({State.QUEUED: len(group)}))
    counted = update(sends).where(sends.c.id == send_id)
    connection.execute(counted.values(candidates=sends.c.candidates + len(people)))


def _open_send(connection: Connection, text: LetterText, subscriber_id: int) -> int | None:
    """Return the first send of this very text that a person may be added to."""
    s, d = sends.c, deliveries.c
    has = exists().where(d.send_id == s.id, d.subscriber_id == subscriber_id)
    return connection.scalar(select(s.id).where(*_same(text), ~has).order_by(s.occasion).limit(1))


def _same(text: LetterText) -> tuple[ColumnElement[bool], ...]:
    s = sends.c
    return (
        s.slug == text.slug,
        s.audience == text.audience.canonical(),
        s.kind == text.kind,
        s.revision == text.wording.revision,
        s.halted.is_distinct_from(Halt.CANCELLED),
    )


def _begin(connection: Connection, text: LetterText, now: datetime) -> int:
    s, audience, wording = sends.c, text.audience.canonical(), text.wording
    before = select(func.max(s.occasion)).where(s.slug == text.slug, s.audience == audience)
    row: dict[str, Any] = {
        "kind": text.kind,
        "slug": text.slug,
        "audience": audience,
        "audience_put": text.audience.text(),
        "occasion": (connection.scalar(before) or 0) + 1,
        "subject": wording.subject,
        "revision": wording.revision,
        "kept": None if wording.fields is None else sorted(wording.fields),
        "excluded": {},
        "created_at": now,
        "proved_at": now,
    }
    send_id: int = connection.execute(insert(sends).values(row).returning(s.id)).scalar_one()
    write_revision(connection, send_id, 1, wording, now)
    return send_id
