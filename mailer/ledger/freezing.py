"""A send as its row says, and how it is written: with who gets it and who does not, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, insert, literal, select

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt, State
from mailer.domain.send import Send
from mailer.store.schema import deliveries, exclusions, revisions, sends
from mailer.store.snapshot import SNAPSHOT

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
        Audience.parse(row.audience_put or row.audience),
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
    )


def halted_words(halted: Halt | None, by: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return the columns of a send that say whether it is halted, by whom and since when."""
    return {"halted": halted, "halted_by": by, "halted_at": now, "halt_told_at": None}


class FrozenText(NamedTuple):
    """A text that a send has: its compiled template, the hash of that, and the subject for readers."""

    subject: str
    revision: str
    template: bytes


def freeze(
    connection: Connection, found: Select[Any], wording: FrozenText, now: datetime, **values: object
) -> Send:
    """Write a send with `values`, a queued delivery or an exclusion for each of `found`.

    `found` has the columns of `people.audience.candidates`.
    """
    send_id = connection.scalar(
        insert(sends)
        .values(subject=wording.subject, revision=wording.revision, created_at=now, **values)
        .returning(sends.c.id)
    )
    write_revision(connection, send_id or 0, 1, wording, now)
    people = found.subquery("found")
    connection.execute(
        insert(exclusions).from_select(
            ["send_id", "subscriber_id", "email", "reason"],
            select(literal(send_id), people.c.subscriber_id, people.c.email, people.c.reason).where(
                people.c.reason.is_not(None)
            ),
        )
    )
    connection.execute(
        insert(deliveries).from_select(
            ["send_id", "subscriber_id", "state", *SNAPSHOT, "updated_at"],
            select(
                literal(send_id),
                people.c.subscriber_id,
                literal(State.QUEUED.value),
                *(people.c[name] for name in SNAPSHOT),
                literal(now, deliveries.c.updated_at.type),
            ).where(people.c.reason.is_(None)),
        )
    )
    return read_send(connection.execute(select(*SEND).where(sends.c.id == send_id)).one())


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
