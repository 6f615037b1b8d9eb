"""A send as its row says, and how it is written: with who gets it and who does not, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, insert, literal, select, update

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt
from mailer.domain.local_time import LocalTime
from mailer.domain.rollout import Rollout
from mailer.domain.segment.named import KeptSegment
from mailer.domain.send import Send, SendKind
from mailer.ledger.chunks import cut
from mailer.ledger.stages import cut_in_stages
from mailer.store.dialect import learn
from mailer.store.schema import chunks, deliveries, exclusions, revisions, sends
from mailer.store.snapshot import SNAPSHOT, kept_of

_OWN = revisions.c.send_id == sends.c.id
SEND = [
    *sends.c,
    select(func.max(revisions.c.no)).where(_OWN).scalar_subquery().label("number"),
    select(revisions.c.revision).where(_OWN, revisions.c.no == 1).scalar_subquery().label("first_revision"),
]


def read_send(row: Row[Any]) -> Send:
    """Return the send in a row of the columns SEND."""
    return Send(
        row.id,
        row.slug,
        Audience.parse(row.audience_put or row.audience, list(map(KeptSegment.read, row.segments or ()))),
        row.occasion,
        row.subject,
        row.revision,
        row.candidates,
        row.created_at,
        row.proved_at,
        row.number,
        row.first_revision,
        row.corrects,
        row.correction,
        row.subject_put,
        row.halted and Halt(row.halted),
        row.halted_at,
        row.halted_by,
        SendKind(row.kind),
        Rollout.read(row.rollout) if row.rollout else None,
    )


def kept_segments(audience: Audience) -> list[dict[str, Any]] | None:
    """Return the column of a send that keeps the segments of its audience as they stand."""
    return [each.data() for each in audience.kept] or None


def halted_words(halted: Halt | None, by: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return the columns of a send that say whether it is halted, by whom and since when."""
    return {"halted": halted, "halted_by": by, "halted_at": now, "halt_told_at": None}


class FrozenText(NamedTuple):
    """A text that a send has: its compiled template, the hash of that, and the subject for readers.

    `fields` are the values of a person that it names; None where that isn't known.
    """

    subject: str
    revision: str
    template: bytes
    fields: frozenset[str] | None = None


def freeze(
    connection: Connection,
    found: Select[Any],
    wording: FrozenText,
    now: datetime,
    *,
    chunk: int | None = None,
    local: LocalTime | None = None,
    rollout: Rollout | None = None,
    **values: object,
) -> Send:
    """Write a send with `values`, a delivery or an exclusion for each of `found`, and the chunks to take.

    `found` has the columns of `people.audience.candidates`; `chunk` is how many people are in one, and
    `local` the time at which each gets it where they are, or `rollout` the stages, if that isn't at once.
    """
    send_id: int = connection.execute(
        insert(sends)
        .values(
            subject=wording.subject,
            revision=wording.revision,
            kept=None if wording.fields is None else sorted(wording.fields),
            created_at=now,
            **values,
        )
        .returning(sends.c.id)
    ).scalar_one()
    write_revision(connection, send_id, 1, wording, now)
    people = found.subquery("found")
    connection.execute(
        insert(exclusions).from_select(
            ["send_id", "subscriber_id", "email", "reason"],
            select(literal(send_id), people.c.subscriber_id, people.c.email, people.c.reason).where(
                people.c.reason.is_not(None)
            ),
        )
    )
    kept = kept_columns(wording.fields)
    connection.execute(
        insert(deliveries).from_select(
            ["send_id", "subscriber_id", *kept],
            select(literal(send_id), people.c.subscriber_id, *(kept_of(people, name) for name in kept))
            .where(people.c.reason.is_(None))
            .order_by(people.c.subscriber_id),  # as they lie in the table
        )
    )
    learn(connection, deliveries)  # before they are cut, else each lot is one more look at all of them
    if rollout:
        cut_in_stages(connection, send_id, rollout, now)
    else:
        cut(connection, send_id, chunk, local)
    learn(connection, chunks)
    connection.execute(
        update(sends).where(sends.c.id == send_id).values(excluded=count_excluded(connection, send_id))
    )
    return read_send(connection.execute(select(*SEND).where(sends.c.id == send_id)).one())


def note_proved(
    connection: Connection, send_id: int, now: datetime, call: Callable[[Connection], None]
) -> None:
    """Note that every frozen recipient's render was proved, and `call` who is to send it; once."""
    unproved = update(sends).where(sends.c.id == send_id, sends.c.proved_at.is_(None))
    if connection.execute(unproved.values(proved_at=now)).rowcount:
        call(connection)


def kept_columns(fields: Collection[str] | None) -> list[str]:
    """Return the columns of the snapshot that hold these values of a person; None: whatever there is."""
    if fields is None:
        return list(SNAPSHOT)
    own = [name for name in SNAPSHOT if name == "email" or name in fields]
    return [*own, "fields"] if set(fields) - set(SNAPSHOT) else own


def count_excluded(connection: Connection, send_id: int) -> dict[str, int]:
    """Return how many candidates of a send don't get it, by the reason."""
    e = exclusions.c
    counted = select(e.reason, func.count()).where(e.send_id == send_id).group_by(e.reason)
    return dict(connection.execute(counted.order_by(e.reason)).all())


def write_revision(
    connection: Connection, send_id: int, number: int, wording: FrozenText, now: datetime
) -> None:
    """Keep a text that a send has from now on."""
    connection.execute(
        insert(revisions).values(
            send_id=send_id,
            no=number,
            revision=wording.revision,
            template=wording.template,
            subject=wording.subject,
            since=now,
        )
    )
