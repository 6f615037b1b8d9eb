"""Two records are one person's, or a person has another address: what they said goes with them.

The stricter of two answers counts, on each list and for all mail; nothing that was said is lost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from mailer.domain.address import Address
from mailer.domain.consent import BECAME, Change, Evidence, Source
from mailer.domain.subscriber import Status
from mailer.domain.suppression import CARRIED
from mailer.people.consents import Said, record
from mailer.people.former import hand_on, remember, take_up
from mailer.people.person import Subscription, known_values, subscriptions_of, write
from mailer.people.suppressing import Hashing, suppress
from mailer.store.dialect import put
from mailer.store.schema import subscribers, subscriptions, suppressions

STRICTNESS = {Status.SUBSCRIBED: 0, Status.UNCONFIRMED: 1, Status.UNSUBSCRIBED: 2}


def join(connection: Connection, keep: Row[Any], other: Row[Any], source: Source, now: datetime) -> None:
    """Make two rows of `subscribers` one, `keep`; the other's address and id lead to it from then on.

    The fields of `keep` stand, and those that only the other has are added.
    """
    _join_lists(connection, keep, other, source, now)
    _carry(connection, other.email_key, keep.id, keep.email_key, source, now)
    mine, theirs = known_values(keep), known_values(other)
    tags = [*dict.fromkeys([*(keep.tags or ()), *(other.tags or ())])]
    write(connection, keep, {**theirs, **mine} | ({"tags": tags} if tags else {}), now)
    hand_on(connection, other.id, keep.id)
    connection.execute(delete(subscribers).where(subscribers.c.id == other.id))
    remember(connection, other.email, other.email_key, keep.id, now, other.id)
    record(connection, source, [Said(keep.id, None, Change.MOVED, _from(other))], now)


def change_address(
    connection: Connection, person: Row[Any], address: Address, source: Source, now: datetime
) -> None:
    """Give a person an address that is nobody's and may be mailed; the one before leads to them still."""
    values = {"email": address.typed, "email_key": address.key, "updated_at": now}
    values["address_hash"] = Hashing.made(connection).of(address.key)
    connection.execute(update(subscribers).where(subscribers.c.id == person.id).values(values))
    if address.key != person.email_key:
        former_id = take_up(connection, address.key)
        remember(connection, person.email, person.email_key, person.id, now, former_id)
        _carry(connection, person.email_key, person.id, address.key, source, now)
        note = Evidence(note=f"from {person.email} to {address.typed}")
        record(connection, source, [Said(person.id, None, Change.MOVED, note)], now)


def _join_lists(
    connection: Connection, keep: Row[Any], other: Row[Any], source: Source, now: datetime
) -> None:
    mine = {each.list_id: each for each in subscriptions_of(connection, keep.id)}
    said = []
    for theirs in subscriptions_of(connection, other.id):
        before = mine.get(theirs.list_id)
        after = theirs if before is None else _stricter(before, theirs)
        if after == before:
            continue
        news = before is None or after.status is not before.status
        known: dict[str, Any] = {"status": after.status, "paused_until": after.paused_until}
        known |= {"source": str(source), "since": now} if news else {}
        key = {"list_id": theirs.list_id, "subscriber_id": keep.id}
        put(connection, subscriptions, key, {"source": after.source, "since": after.since, **known})
        if news:
            change = Change.MOVED if before is None else BECAME[after.status]
            said.append(Said(keep.id, theirs.list_id, change, _from(other)))
    record(connection, source, said, now)


def _stricter(mine: Subscription, theirs: Subscription) -> Subscription:
    """Return what somebody is on a list of which two things are said: what keeps more mail away."""
    found = max((mine, theirs), key=lambda each: STRICTNESS[each.status])
    pauses = [each.paused_until for each in (mine, theirs) if each.paused_until]
    paused = max(pauses) if pauses and found.status is Status.SUBSCRIBED else None
    return found._replace(paused_until=paused)


def _carry(
    connection: Connection, before: str, subscriber_id: int, key: str, source: Source, now: datetime
) -> None:
    """Let what keeps mail from a person by one address (`Address.key`) keep it from them by another."""
    s = suppressions.c
    reason = connection.scalar(select(s.reason).where(s.who == before))
    if reason in CARRIED and suppress(connection, key, reason, f"{source}: said of {before}", now):
        note = Evidence(note=f"said of {before}")
        record(connection, source, [Said(subscriber_id, None, Change.SUPPRESSED, note)], now)


def _from(other: Row[Any]) -> Evidence:
    return Evidence(note=f"joined from {other.email}")
