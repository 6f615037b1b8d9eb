"""People pause on a list until a day, and go on before it if they like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from mailer.domain.consent import Change, Evidence, Source
from mailer.domain.moment import utc_text
from mailer.domain.subscriber import Status
from mailer.people.consents import Said, record
from mailer.people.person import Subscription, subscriptions_of
from mailer.store.schema import subscriptions


def pause(
    connection: Connection,
    subscriber_id: int,
    list_ids: Sequence[int] | None,
    until: datetime | None,
    source: Source,
    now: datetime,
) -> list[Subscription]:
    """Let a person get nothing from these lists (None: from any) until then, or go on now.

    Return those of which that is news. Only who is subscribed can pause: their status stays.
    """
    changed = [
        each
        for each in subscriptions_of(connection, subscriber_id)
        if each.status is Status.SUBSCRIBED and each.paused_until != until
        if list_ids is None or each.list_id in list_ids
        if until is not None or (each.paused_until and each.paused_until > now)
    ]
    s = subscriptions.c
    theirs = (s.subscriber_id == subscriber_id, s.list_id.in_([each.list_id for each in changed]))
    connection.execute(update(subscriptions).where(*theirs).values(paused_until=until))
    change, told = Change.RESUMED, Evidence()
    if until:
        change, told = Change.PAUSED, Evidence(note=f"until {utc_text(until)}")
    record(connection, source, [Said(subscriber_id, each.list_id, change, told) for each in changed], now)
    return changed
