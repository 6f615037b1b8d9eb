"""Two addresses are one person's, or somebody has another address: their history and their word stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from sqlalchemy import Connection, Engine, Row, update

from mailer.domain.address import Address
from mailer.domain.consent import Source
from mailer.domain.delivery import State
from mailer.errors import AtWork, UsageError
from mailer.ledger.leaving import WAITING, OpenDelivery, cancel_open, deliveries_of
from mailer.ledger.sequence_joining import join_members
from mailer.people import merging
from mailer.people.former import ids_of, person_id
from mailer.people.person import required
from mailer.people.suppressing import suppression_of
from mailer.store.schema import deliveries

JOINED = "their record was joined to another one of theirs"
HAS_IT = "they had it by another address of theirs"
GETS_IT = (State.ACCEPTED, State.UNCERTAIN, State.FAILED)


@dataclass(frozen=True, slots=True)
class Merged:
    """Whose record is left, which address leads to it now, how many open deliveries were cancelled."""

    keep: str
    other: str
    cancelled: int


def merge(database: Engine, keep: Address, other: Address, source: Source, now: datetime) -> Merged:
    """Join the record of `other` to that of `keep`: the stricter state counts, fields of `keep` stand.

    They get no issue twice. UsageError for an address that is nobody's, AtWork while a worker has a mail to
    one of them in hand.
    """
    with database.begin() as connection:
        kept, joined = required(connection, keep.key), required(connection, other.key)
        if kept.id == joined.id:
            raise UsageError(
                f"{keep.typed} and {other.typed} are one person already",
                next_step=f"See them: mailer subscribers show {quote(kept.email)}",
            )
        waits = [
            each.send_id
            for each in deliveries_of(connection, ids_of(connection, joined.id))
            if each.history.state in WAITING
        ]
        cancelled = _cancel(connection, kept, joined, now)
        join_members(connection, kept.id, joined.id, waits, now)
        merging.join(connection, kept, joined, source, now)
        return Merged(kept.email, joined.email, cancelled)


def change_address(database: Engine, old: Address, new: Address, source: Source, now: datetime) -> int:
    """Give somebody another address; return how many mails that wait go to it now.

    UsageError for an address that is nobody's, and for a new one that is somebody's or never mailed; AtWork
    while a worker has a mail to them in hand.
    """
    with database.begin() as connection:
        person = required(connection, old.key)
        _refuse(connection, person, new)
        theirs = deliveries_of(connection, ids_of(connection, person.id))
        _refuse_in_hand(theirs)
        waiting = [each for each in theirs if each.history.state in WAITING]
        for each in waiting:
            d = deliveries.c
            mine = (d.send_id == each.send_id, d.subscriber_id == each.person)
            connection.execute(update(deliveries).where(*mine).values(email=new.typed))
        merging.change_address(connection, person, new, source, now)
        return len(waiting)


def _refuse(connection: Connection, person: Row[tuple[object, ...]], new: Address) -> None:
    owner = person_id(connection, new.key)
    if owner is not None and owner != person.id:
        raise UsageError(
            f"{new.typed} is, or was, the address of somebody else here",
            next_step="If they are one person: "
            f"mailer subscribers merge {quote(person.email)} {quote(new.typed)}",
        )
    found = suppression_of(connection, new.key)
    if found is not None and new.key != person.email_key:
        raise UsageError(
            f"{new.typed} is never mailed: {found.reason}",
            next_step=f"See why: mailer subscribers show {quote(new.typed)}",
        )


def _cancel(
    connection: Connection, kept: Row[tuple[object, ...]], joined: Row[tuple[object, ...]], now: datetime
) -> int:
    """Cancel what waits for the record that goes, and for the other one what that has got."""
    mine = deliveries_of(connection, ids_of(connection, kept.id))
    theirs = deliveries_of(connection, ids_of(connection, joined.id))
    _refuse_in_hand([*mine, *theirs])
    had = {each.slug for each in theirs if each.history.state in GETS_IT}
    twice = [each for each in mine if each.slug in had]
    return cancel_open(connection, theirs, JOINED, now) + cancel_open(connection, twice, HAS_IT, now)


def _refuse_in_hand(found: list[OpenDelivery]) -> None:
    if held := next((each for each in found if not each.free), None):
        raise AtWork(
            "a worker",
            f"a worker has the mail of {held.slug} to them in hand just now; nothing was changed",
            next_step=f"Try again in a minute, or let the send wait: mailer pause {quote(held.slug)}",
        )
