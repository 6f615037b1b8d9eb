"""Addresses in wide letters are those in common ones: who said no by one is found by the other."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from mailer.domain.address import of_common_width
from mailer.domain.suppression import ADDRESSES, hash_address
from mailer.store.schema import Key, UtcTime

revision = "0019"
down_revision = "0018"

people = sa.table("subscribers", sa.column("id"), sa.column("email_key", Key), sa.column("address_hash", Key))
former = sa.table("former_addresses", sa.column("email_key", Key))
never = sa.table("suppressions", *map(sa.column, ("who", "reason", "note")), sa.column("since", UtcTime()))
on = sa.table("subscriptions", *map(sa.column, ("list_id", "subscriber_id", "status")))


def upgrade() -> None:
    """Give people, former addresses and suppressions the keys that their addresses have now."""
    _suppress()
    for table in (people, former):
        for key, common in _wide(table.c.email_key):
            if not (_is_there(people.c.email_key, common) or _is_there(former.c.email_key, common)):
                _rename(table, key, common)
            elif table is people:
                _keep_off(key, common)


def _wide(column: sa.ColumnClause[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys with wide letters in them, and what they are in common ones."""
    bind = op.get_bind()
    octets = sa.func.length(sa.cast(column, sa.LargeBinary))
    if bind.dialect.name != "sqlite":
        octets = sa.func.octet_length(column)
    for key in bind.scalars(sa.select(column).where(octets != sa.func.length(column))).all():
        if (common := of_common_width(key).casefold()) != key:
            yield key, common


def _is_there(column: sa.ColumnClause[str], key: str) -> bool:
    return op.get_bind().scalar(sa.select(column).where(column == key)) is not None


def _suppress() -> None:
    bind = op.get_bind()
    for key, common in _wide(never.c.who):
        if not _is_there(never.c.who, common):
            found = bind.execute(sa.select(never).where(never.c.who == key)).mappings().one()
            bind.execute(never.insert().values({**found, "who": common}))


def _rename(table: sa.TableClause, key: str, common: str) -> None:
    bind, values = op.get_bind(), {"email_key": common}
    keys = sa.table("keys", sa.column("name"), sa.column("value", sa.LargeBinary()))
    if table is people:
        secret = bind.scalar(sa.select(keys.c.value).where(keys.c.name == ADDRESSES))
        values |= {"address_hash": hash_address(common, bytes(secret))} if secret else {}
    bind.execute(sa.update(table).where(table.c.email_key == key).values(values))


def _keep_off(key: str, common: str) -> None:
    """Let the record with common letters stand for both: what the other one left, this one has left."""
    bind = op.get_bind()
    theirs, left = (
        sa.select(people.c.id).where(people.c.email_key == each).scalar_subquery() for each in (common, key)
    )
    lists = sa.select(on.c.list_id).where(on.c.subscriber_id == left, on.c.status == "unsubscribed")
    here = (on.c.subscriber_id == theirs, on.c.list_id.in_(lists))
    bind.execute(sa.update(on).where(*here).values(status="unsubscribed"))
    bind.execute(sa.update(on).where(on.c.subscriber_id == left).values(status="unsubscribed"))
