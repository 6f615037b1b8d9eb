"""People come to be on lists by their own word: they ask for them by a form, and confirm it by a link.

Nobody is brought back by what anybody may type: whoever left a list, or would have to confirm it, stays off
until they have said so from their own mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from mailer.domain.address import Address
from mailer.domain.consent import Change, Evidence, Source
from mailer.domain.field import FieldError, convert
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.domain.suppression import Reason
from mailer.people.consents import Said, record
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.field_types import OWN_TYPES, known_types
from mailer.people.former import known_as, person_id
from mailer.people.signups import Signup
from mailer.people.suppressing import suppression_of
from mailer.store.schema import lists, subscribers, subscriptions


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list that somebody may be put on: whether it wants to be confirmed, and what comes then.

    The rest is as in `domain.subscriber.SubscriberList`.
    """

    id: int
    name: str
    title: str
    description: str
    double_opt_in: bool
    welcome: str | None
    confirmed_url: str | None
    language: str | None
    changed_at: datetime | None


_OPEN = select(*(lists.c[each.name] for each in fields(OpenList))).where(
    lists.c.archived_at.is_(None), lists.c.deleted_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to become of a sign-up: who it is of, the lists to confirm, and those that they are on now."""

    subscriber_id: int
    email: str
    to_confirm: tuple[OpenList, ...]
    joined: tuple[OpenList, ...]


class Answer(StrEnum):
    """What the page says to whoever follows the link to confirm."""

    OPEN = "open"  # it may be confirmed
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    LEFT = "left"  # they have said no since
    REFUSED = "refused"  # mail to the address came back, or its sender blocked it


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link to confirm is about: whom, and which lists. `since` is when it was signed up for."""

    subscriber_id: int
    email: str
    language: str
    lists: tuple[OpenList, ...]
    since: datetime


def public_lists(connection: Connection) -> tuple[OpenList, ...]:
    """Return the lists that anybody may sign up for, by their titles."""
    c = lists.c
    rows = connection.execute(_OPEN.where(c.is_public).order_by(c.title, c.id))
    return tuple(OpenList(*row) for row in rows)


def open_lists(connection: Connection, list_ids: Sequence[int]) -> tuple[OpenList, ...]:
    """Return those of the lists that people may be put on, in the order that was asked for."""
    rows = connection.execute(_OPEN.where(lists.c.id.in_(list_ids)))
    found = {row.id: OpenList(*row) for row in rows}
    return tuple(found[each] for each in dict.fromkeys(list_ids) if each in found)


def to_confirm(connection: Connection, signup: Signup) -> tuple[OpenList, ...]:
    """Return which lists have to be confirmed if a sign-up is taken in now; none for who is suppressed."""
    wanted = open_lists(connection, signup.list_ids)
    if is_shut_out(connection, signup.address):
        return ()
    before = _statuses(connection, person_id(connection, signup.address.key), wanted)
    return tuple(each for each in wanted if _to_confirm(each, before.get(each.id)))


def ask(connection: Connection, signup: Signup, now: datetime) -> Asked | None:
    """Take a sign-up in; None, and nothing is kept, for who is never mailed."""
    wanted = open_lists(connection, signup.list_ids)
    if not wanted or is_shut_out(connection, signup.address):
        return None
    known = person_id(connection, signup.address.key)
    before = _statuses(connection, known, wanted)
    confirming = tuple(each for each in wanted if _to_confirm(each, before.get(each.id)))
    statuses = tuple(Status.UNCONFIRMED if each in confirming else Status.SUBSCRIBED for each in wanted)
    # What anybody may type changes nothing of whom we know.
    values = {} if known else values_of(connection, signup)
    consent = Consent(tuple(each.id for each in wanted), signup.source, now)
    entry = Entry(signup.address, values, statuses, evidence=signup.evidence)
    (done,) = enrol(connection, [entry], consent)
    joined = tuple(each for each in wanted if each not in confirming and each.id not in before)
    email = connection.scalar(select(subscribers.c.email).where(subscribers.c.id == done.subscriber_id))
    return Asked(done.subscriber_id, email or signup.address.typed, confirming, joined)


def note_asked(connection: Connection, asked: Asked, signup: Signup, now: datetime) -> None:
    """Keep in the ledger of consent that somebody asked for lists once more, or for some that they left."""
    c = subscriptions.c
    mine = (c.subscriber_id == asked.subscriber_id, c.list_id.in_([each.id for each in asked.to_confirm]))
    again = connection.scalars(select(c.list_id).where(*mine, c.since < now).order_by(c.list_id)).all()
    said = [Said(asked.subscriber_id, each, Change.ASKED, signup.evidence) for each in again]
    record(connection, signup.source, said, now)


def values_of(connection: Connection, signup: Signup) -> dict[str, object]:
    """Return the values that a sign-up brings; what doesn't fit the type of its field is left out."""
    types, values = OWN_TYPES | known_types(connection), dict[str, object]()
    for name, text in {"language": signup.language, **signup.answers}.items():
        try:
            values[name] = convert(text, types[name]) if name in types else text
        except FieldError:
            continue
    return {name: value for name, value in values.items() if name in types or name not in OWN_FIELDS}


def is_shut_out(connection: Connection, address: Address) -> bool:
    """Return whether nothing may be mailed to who has this address, or had it."""
    person = person_id(connection, address.key)
    now_at = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == person))
    keys = dict.fromkeys(filter(None, (address.key, now_at)))
    return any(suppression_of(connection, key) is not None for key in keys)


def offered(
    connection: Connection, subscriber_id: int, list_ids: Sequence[int], since: datetime
) -> Offer | None:
    """Return what a link is about; None if the person or every list is gone."""
    number = known_as(connection, subscriber_id)
    p = subscribers.c
    person = connection.execute(select(p.email, p.language).where(p.id == number)).one_or_none()
    found = open_lists(connection, list_ids)
    if person is None or not found:
        return None
    return Offer(number, person.email, person.language or "", found, since)


def standing(connection: Connection, offer: Offer) -> Answer:
    """Return whether what a link offers may be confirmed: it is refused for who said no since."""
    key = Address.parse(offer.email).key
    suppressed = suppression_of(connection, key)
    if suppressed and suppressed.reason != Reason.REQUESTED:
        return Answer.REFUSED
    if suppressed and suppressed.since > offer.since:
        return Answer.LEFT
    rows = _rows(connection, offer.subscriber_id, offer.lists)
    if len(rows) == len(offer.lists) and all(row.status == Status.SUBSCRIBED for row in rows):
        return Answer.CONFIRMED
    if any(row.status == Status.UNSUBSCRIBED and row.since > offer.since for row in rows):
        return Answer.LEFT
    return Answer.OPEN


def confirm(
    connection: Connection,
    offer: Offer,
    source: Source,
    evidence: Evidence,
    now: datetime,
    signup: Signup | None = None,
) -> tuple[OpenList, ...]:
    """Put a person on the lists that a link offers, with what they typed; return those they were not on."""
    before = _statuses(connection, offer.subscriber_id, offer.lists)
    values = values_of(connection, signup) if signup else {}
    if offer.language and signup and "language" not in signup.answers:
        del values["language"]  # they have one; that of a page says less
    consent = Consent(tuple(each.id for each in offer.lists), source, now, anew=True, confirmed=True)
    enrol(connection, [Entry(Address.parse(offer.email), values, evidence=evidence)], consent)
    return tuple(each for each in offer.lists if before.get(each.id) != Status.SUBSCRIBED)


def _to_confirm(wanted: OpenList, before: Status | None) -> bool:
    if before is Status.SUBSCRIBED:
        return False
    return wanted.double_opt_in or before is not None


def _statuses(
    connection: Connection, subscriber_id: int | None, wanted: Sequence[OpenList]
) -> dict[int, Status]:
    if subscriber_id is None:
        return {}
    return {row.list_id: Status(row.status) for row in _rows(connection, subscriber_id, wanted)}


def _rows(connection: Connection, subscriber_id: int, wanted: Sequence[OpenList]) -> list[Any]:
    c = subscriptions.c
    theirs = (c.subscriber_id == subscriber_id, c.list_id.in_([each.id for each in wanted]))
    return list(connection.execute(select(c.list_id, c.status, c.since).where(*theirs)))
