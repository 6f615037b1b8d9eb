"""What is done about addresses on somebody's word: a slip is corrected, or they are never mailed again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from mailer.domain.address import Address
from mailer.domain.consent import Change, Evidence, Source
from mailer.domain.suppression import Reason, Suppression
from mailer.people.consents import Said, record
from mailer.people.former import heirs, remember
from mailer.people.suppressing import Hashing, reasons, suppress_all
from mailer.store.schema import consents, subscribers


class NewAddress(NamedTuple):
    """Whose address, which it is (`Address.key`), and what it should be."""

    subscriber_id: int
    key: str
    meant: Address


def obstacles(connection: Connection, corrections: Sequence[NewAddress]) -> dict[int, str]:
    """Return by subscriber why an address can't become the other one; at most some thousand at once.

    Nobody becomes mailable by it who said no, by either address, two people don't become one, and what
    somebody confirmed is where they read their mail.
    """
    hashing = Hashing.known(connection)
    keys = [key for each in corrections for key in (each.key, each.meant.key)]
    never = reasons(connection, {key: hashing.of(key) if hashing else "" for key in keys})
    taken, sure = (
        _taken(connection, keys),
        _confirmed(connection, [each.subscriber_id for each in corrections]),
    )
    found: dict[int, str] = {}
    for each in corrections:
        if reason := never.get(each.key) or never.get(each.meant.key):
            found[each.subscriber_id] = f"never mailed ({reason})"
        elif each.meant.key in taken:
            found[each.subscriber_id] = "there already"
        elif each.subscriber_id in sure:
            found[each.subscriber_id] = "confirmed as it is"
        taken.add(each.meant.key)
    return found


def correct(
    connection: Connection, corrections: Sequence[NewAddress], source: Source, now: datetime
) -> list[NewAddress]:
    """Correct addresses, at most some thousand, and record it; return those corrected.

    Whatever else is known of the people stays, what they agreed to as well. What has an obstacle, or is
    another address by now, is left.
    """
    hindered = obstacles(connection, corrections)
    hashing = Hashing.made(connection)
    done = []
    for each in corrections:
        if each.subscriber_id in hindered:
            continue
        values = {
            "email": each.meant.typed,
            "email_key": each.meant.key,
            "address_hash": hashing.of(each.meant.key),
            "updated_at": now,
        }
        theirs = (subscribers.c.id == each.subscriber_id, subscribers.c.email_key == each.key)
        if connection.execute(update(subscribers).where(*theirs).values(values)).rowcount:
            done.append(each)
            remember(connection, each.key, each.key, each.subscriber_id, now)
    moved = (
        Said(each.subscriber_id, None, Change.MOVED, Evidence(note=f"from {each.key} to {each.meant.key}"))
        for each in done
    )
    record(connection, source, moved, now)
    return done


def block(
    connection: Connection, people: Mapping[int, tuple[str, str]], source: Source, now: datetime
) -> int:
    """Never mail these people again, by id with `Address.key` and why; return of how many that is news."""
    wanted = {key: (number, why) for number, (key, why) in people.items()}
    new = suppress_all(
        connection, (Suppression(key, Reason.BLOCKED, why, now) for key, (_, why) in wanted.items())
    )
    said = (Said(wanted[each.who][0], None, Change.SUPPRESSED, Evidence(note=each.note)) for each in new)
    record(connection, source, said, now)
    return len(new)


def _taken(connection: Connection, keys: Collection[str]) -> set[str]:
    theirs = connection.scalars(select(subscribers.c.email_key).where(subscribers.c.email_key.in_(keys)))
    return {*theirs, *heirs(connection, keys)}


def _confirmed(connection: Connection, ids: Sequence[int]) -> set[int]:
    said = (consents.c.subscriber_id.in_(ids), consents.c.change == Change.CONFIRMED)
    return set(connection.scalars(select(consents.c.subscriber_id).where(*said)))
