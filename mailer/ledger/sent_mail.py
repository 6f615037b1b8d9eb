"""One mail that went out, as the ledger has it: to whom, and by which text."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, exists, func, select

from mailer.domain.audience import Recipient
from mailer.ledger.revisions import HAVE
from mailer.people.former import known_as
from mailer.store.schema import deliveries, outcomes, revisions, subscribers
from mailer.store.snapshot import recipients, snapshot_of


@dataclass(frozen=True, slots=True)
class SentMail:
    """A compiled template, and the recipient with the values that filled it."""

    template: bytes
    recipient: Recipient


def find_sent_mail(engine: Engine, send_id: int, subscriber_id: int) -> SentMail | None:
    """Return what went to this person: the text that they have, else the one that the send has now.

    None if the person or the send is gone. Whose record was joined to another is still there.
    """
    d, o, r = deliveries.c, outcomes.c, revisions.c
    person = (
        select(d.subscriber_id, *snapshot_of(deliveries))
        .where(d.send_id == send_id, d.subscriber_id == subscriber_id)
        .where(exists().where(subscribers.c.id == bindparam("person")))
    )
    had = select(func.max(o.revision)).where(
        o.send_id == send_id, o.subscriber_id == subscriber_id, o.state.in_(HAVE)
    )
    text = (
        select(r.template)
        .where(r.send_id == send_id, r.template.is_not(None))
        .where(r.no <= func.coalesce(had.scalar_subquery(), r.no))
        .order_by(r.no.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        now = {"person": known_as(connection, subscriber_id)}
        found = recipients(connection.execute(person, now).all())
        template = connection.scalar(text)
    return SentMail(bytes(template), found[0]) if found and template else None
