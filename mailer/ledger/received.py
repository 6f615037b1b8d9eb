"""What became of each send for one person, in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from mailer.domain.audience import reason_in_words
from mailer.ledger.outcomes import latest
from mailer.ledger.standings import state_of
from mailer.store.schema import deliveries, exclusions, outcomes, sends


class ReceivedSend(NamedTuple):
    """A send, and what became of it for a person: the state of their delivery, or that they were left out.

    `at` is when that came about, `words` the server's last ones, or why.
    """

    slug: str
    erratum: bool
    state: str
    at: datetime
    words: str
    subject: str


def received(connection: Connection, ids: Sequence[int]) -> list[ReceivedSend]:
    """Return every send that some ids of a person were candidates of, the latest first."""
    # One look for each send that there was: nobody's deliveries are found by the person alone.
    d, e, o, s = deliveries.c, exclusions.c, outcomes.c, sends.c
    last = and_(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id, latest())
    got = (
        select(s.slug, s.corrects, state_of(), func.coalesce(o.at, s.created_at), o.reply, s.subject)
        .select_from(sends)
        .join(deliveries, (d.send_id == s.id) & d.subscriber_id.in_(ids))
        .outerjoin(outcomes, last)
    )
    left_out = select(s.slug, s.corrects, e.reason, s.created_at, s.subject).join(
        exclusions, (e.send_id == s.id) & e.subscriber_id.in_(ids)
    )
    found = [
        ReceivedSend(slug, corrects is not None, state, at, reply or "", subject)
        for slug, corrects, state, at, reply, subject in connection.execute(got)
    ]
    found += [
        ReceivedSend(slug, corrects is not None, "not sent", at, reason_in_words(reason), subject)
        for slug, corrects, reason, at, subject in connection.execute(left_out)
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)
