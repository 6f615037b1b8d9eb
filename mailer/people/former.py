"""Who somebody is: by their address, by one that they had before, by the id of a record joined to theirs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from mailer.store.dialect import among, put
from mailer.store.schema import former_addresses, subscribers


def person_id(connection: Connection, email_key: str) -> int | None:
    """Return the id of who has this address (`Address.key`), or had it; None if nobody did."""
    found = connection.scalar(select(subscribers.c.id).where(subscribers.c.email_key == email_key))
    f = former_addresses.c
    return found or connection.scalar(select(f.subscriber_id).where(f.email_key == email_key))


def ids_of(connection: Connection, subscriber_id: int) -> tuple[int, ...]:
    """Return the id of a person and those of the records that were joined to theirs: all of their history."""
    f = former_addresses.c
    joined = select(f.former_id).where(f.subscriber_id == subscriber_id, f.former_id.is_not(None))
    return subscriber_id, *sorted(connection.scalars(joined))


def known_as(connection: Connection, subscriber_id: int) -> int:
    """Return the id of the person whom an id means, which links in old mails may name."""
    f = former_addresses.c
    return connection.scalar(select(f.subscriber_id).where(f.former_id == subscriber_id)) or subscriber_id


def all_known_as(connection: Connection, subscriber_ids: Iterable[int]) -> set[int]:
    """Return the ids of the people whom any of these ids mean."""
    f, ids = former_addresses.c, set(subscriber_ids)
    joined = select(f.former_id, f.subscriber_id).where(among(f.former_id, ids))
    people = {row.former_id: row.subscriber_id for row in connection.execute(joined)}
    return {people.get(each, each) for each in ids}


def heirs(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return those of these addresses (`Address.key`) that somebody had before, with the one they have."""
    f, p = former_addresses.c, subscribers.c
    if connection.scalar(select(f.email_key).limit(1)) is None:
        return {}  # as in most databases
    rows = connection.execute(
        select(f.email_key, p.email)
        .join(subscribers, p.id == f.subscriber_id)
        .where(among(f.email_key, keys))
    )
    return {row.email_key: row.email for row in rows}


def addresses_before(connection: Connection, subscriber_id: int) -> list[str]:
    """Return the addresses that a person had before, as typed, the latest first."""
    f = former_addresses.c
    rows = select(f.email).where(f.subscriber_id == subscriber_id).order_by(f.since.desc(), f.email_key)
    return list(connection.scalars(rows))


def remember(
    connection: Connection,
    email: str,
    email_key: str,
    subscriber_id: int,
    now: datetime,
    former_id: int | None = None,
) -> None:
    """Let an address that is no longer anybody's mean this person, and the id of the record it had."""
    values = {"email": email, "subscriber_id": subscriber_id, "former_id": former_id, "since": now}
    put(connection, former_addresses, {"email_key": email_key}, values)


def hand_on(connection: Connection, subscriber_id: int, heir: int) -> None:
    """Let all that meant one person mean another."""
    f = former_addresses.c
    connection.execute(
        update(former_addresses).where(f.subscriber_id == subscriber_id).values(subscriber_id=heir)
    )


def take_up(connection: Connection, email_key: str) -> int | None:
    """Let an address be a former one no longer; return the id of the record that it had, if it had one."""
    f = former_addresses.c
    return connection.scalar(delete(former_addresses).where(f.email_key == email_key).returning(f.former_id))
