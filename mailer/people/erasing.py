"""Somebody is erased: nothing in the database says who they were. What stays are numbers, and a hash.

Deliveries, exclusions and outcomes stay as rows that lead to nobody, so that every send's account adds up;
the hash of the address, by a key that stays in the database, keeps every import from taking them in again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, String, Table, delete, or_, select, update

from mailer.domain.address import Address
from mailer.domain.suppression import Reason
from mailer.people.former import ids_of
from mailer.people.suppressing import Hashing, suppress
from mailer.store.dialect import contains_in_any_case, json_text
from mailer.store.schema import (
    consents,
    deliveries,
    exclusions,
    former_addresses,
    metadata,
    outcomes,
    returns,
    sends,
    signups,
    subscribers,
    suppressions,
)
from mailer.store.snapshot import SNAPSHOT

GONE = "(erased)"
_REPLY = re.compile(r"([2-5]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?.*", re.DOTALL)


def never_again(connection: Connection, addresses: Collection[str], now: datetime) -> None:
    """Let the hashes of addresses (`Address.key`) be never mailed; for a subscriber it holds at once."""
    hashing = Hashing.made(connection)
    for key in addresses:
        suppress(connection, hashing.of(key), Reason.ERASED, "", now)


def addresses_of(connection: Connection, subscriber_id: int) -> set[str]:
    """Return all addresses that a person has and had, as typed and as their keys."""
    p, f = subscribers.c, former_addresses.c
    rows = [
        *connection.execute(select(p.email, p.email_key).where(p.id == subscriber_id)),
        *connection.execute(select(f.email, f.email_key).where(f.subscriber_id == subscriber_id)),
    ]
    return {text for row in rows for text in row}


def erase(connection: Connection, subscriber_id: int, now: datetime) -> dict[str, int]:
    """Erase a person; return how many rows of which table were changed or removed."""
    addresses = addresses_of(connection, subscriber_id)
    keys = {Address.parse(text).key for text in addresses}
    never_again(connection, keys, now)
    done = forget(connection, subscriber_id)
    for table, number in sweep(connection, addresses).items():
        done[table] = done.get(table, 0) + number
    return {table: number for table, number in done.items() if number}


def forget(connection: Connection, subscriber_id: int) -> dict[str, int]:
    """Let a person's record be gone, with all that hangs on it; they may come again as anybody may.

    Returns how many rows of which table were changed or removed. Of sends numbers stay.
    """
    ids = ids_of(connection, subscriber_id)
    return {
        "outcomes": sum(_shorten(connection, row) for row in _replies(connection, ids)),
        "deliveries": connection.execute(
            update(deliveries)
            .where(deliveries.c.subscriber_id.in_(ids))
            .values({name: None for name in SNAPSHOT if name != "email"} | {"email": GONE})
        ).rowcount,
        "exclusions": connection.execute(
            update(exclusions).where(exclusions.c.subscriber_id.in_(ids)).values(email=GONE)
        ).rowcount,
        "returns": connection.execute(
            update(returns).where(returns.c.subscriber_id.in_(ids)).values(email=GONE, said="", evidence=None)
        ).rowcount,
        "consents": connection.execute(delete(consents).where(consents.c.subscriber_id.in_(ids))).rowcount,
        "subscribers": connection.execute(
            delete(subscribers).where(subscribers.c.id == subscriber_id)
        ).rowcount,
    }


def sweep(connection: Connection, addresses: Collection[str]) -> dict[str, int]:
    """Take addresses out of every text in every table, whoever it is about; return of how many rows."""
    theirs = suppressions.c.who.in_(addresses)
    lifted = connection.execute(delete(suppressions).where(theirs)).rowcount
    found = {"suppressions": lifted} if lifted else {}
    if typed := connection.execute(delete(signups).where(signups.c.email_key.in_(addresses))).rowcount:
        found["signups"] = typed
    for table in metadata.sorted_tables:
        texts = _texts(table)
        for row in _with(connection, table, texts, addresses) if texts else ():
            key, values = row[: -len(texts)], zip(texts, row[-len(texts) :], strict=True)
            cleared = {column: _cleared(value, addresses) for column, value in values if value is not None}
            if changed := {each: value for each, value in cleared.items() if value != row._mapping[each]}:
                which = (part == value for part, value in zip(table.primary_key, key, strict=True))
                connection.execute(update(table).where(*which).values(changed))
                found[table.name] = found.get(table.name, 0) + 1
    return found


def pattern_of(address: str) -> re.Pattern[str]:
    """Return what finds an address in a text, and not one that it is only a part of."""
    return re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", re.IGNORECASE)


def shortened(reply: str) -> str:
    """Return a server's words without all that may name somebody: its code, and the enhanced one."""
    return _REPLY.sub(lambda found: f"{found[1]} {found[2] or ''}".rstrip() + f" {GONE}", reply)


def cleared_text(text: str, addresses: Collection[str]) -> str:
    """Return a text without these addresses."""
    for address in addresses:
        text = pattern_of(address).sub(GONE, text)
    return text


def _replies(connection: Connection, ids: Sequence[int]) -> Iterator[Any]:
    o = outcomes.c
    # One look for each send: nobody's outcomes are found by the person alone.
    query = (
        select(o.send_id, o.subscriber_id, o.number, o.reply)
        .join(sends, sends.c.id == o.send_id)
        .where(o.subscriber_id.in_(ids), o.reply.is_not(None))
    )
    yield from connection.execute(query).all()


def _shorten(connection: Connection, row: Any) -> int:
    o = outcomes.c
    which = (o.send_id == row.send_id, o.subscriber_id == row.subscriber_id, o.number == row.number)
    return connection.execute(update(outcomes).where(*which).values(reply=shortened(row.reply))).rowcount


def _texts(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if isinstance(column.type, String | JSON) and not column.primary_key]


def _with(
    connection: Connection, table: Table, texts: Sequence[Column[Any]], addresses: Collection[str]
) -> Sequence[Any]:
    """Return the keys and texts of the rows that have one of the addresses in a text, by one look at them."""
    shown = [json_text(column) if isinstance(column.type, JSON) else column for column in texts]
    holds = or_(*(contains_in_any_case(connection, each, address) for each in shown for address in addresses))
    return connection.execute(select(*table.primary_key, *texts).where(holds)).all()


def _cleared(value: Any, addresses: Collection[str]) -> Any:
    """Return a value of a column without these addresses, however deep they stand in it."""
    match value:
        case str():
            return cleared_text(value, addresses)
        case list():
            return [_cleared(each, addresses) for each in value]
        case dict():
            return {_cleared(key, addresses): _cleared(each, addresses) for key, each in value.items()}
    return value
