"""Consent is a ledger; lists have settings of their own; whoever is erased is known by a hash."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

from mailer.domain.suppression import ADDRESSES, KEY_OCTETS, hash_address
from mailer.store.schema import Key, Name, Number, UtcTime

revision = "0009"
down_revision = "0008"

PAGE = 10_000
NEW_ON_LISTS: tuple[sa.Column[Any], ...] = (
    sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column("double_opt_in", sa.Boolean(), nullable=False, server_default=sa.true()),
    *(sa.Column(name, sa.Text()) for name in ("sender", "reply_to", "postal_address", "language")),
    sa.Column("params", sa.JSON()),
    sa.Column("in_archive", sa.Boolean(), nullable=False, server_default=sa.true()),
    sa.Column("archived_at", UtcTime()),
)
# What is known from before is where each subscription got to, and by which words.
BEFORE = """
    INSERT INTO consents (subscriber_id, list_id, change, at, recorded_at, source_id)
    SELECT s.subscriber_id, s.list_id,
        CASE s.status WHEN 'subscribed' THEN 'subscribed' WHEN 'unconfirmed' THEN 'asked' ELSE 'left' END,
        s.since, s.since, c.id
    FROM subscriptions s JOIN consent_sources c ON c.name = s.source
    ORDER BY s.since, s.subscriber_id, s.list_id
"""


def upgrade() -> None:
    """Make the tables; tell in the ledger of consent what the subscriptions say."""
    for column in NEW_ON_LISTS:
        op.add_column("lists", column)
    op.add_column("subscriptions", sa.Column("paused_until", UtcTime()))
    op.execute("ALTER TABLE suppressions RENAME COLUMN email_key TO who")
    _make_tables()
    _hash_addresses()
    op.execute("INSERT INTO consent_sources (kind, name) SELECT DISTINCT 'before', source FROM subscriptions")
    op.execute(BEFORE)


def _make_tables() -> None:
    op.create_table(
        "keys",
        sa.Column("name", Name, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_keys"),
    )
    op.create_table(
        "consent_sources",
        sa.Column("id", Number, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default="")
            for name in ("name", "by", "wording", "version")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent_sources"),
    )
    op.create_table(
        "consents",
        sa.Column("id", Number, nullable=False),
        sa.Column("subscriber_id", Number, nullable=False),
        sa.Column("list_id", Number),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("source_id", Number, nullable=False),
        sa.Column("line", sa.Integer()),
        *(sa.Column(name, sa.Text()) for name in ("ip", "agent", "note")),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["consent_sources.id"], name="fk_consents_source_id_consent_sources"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consents_subscriber_id", "consents", ["subscriber_id"])


def _hash_addresses() -> None:
    """Give every subscriber the hash of their address, by a key that is made for it."""
    op.add_column("subscribers", sa.Column("address_hash", Key, nullable=False, server_default=""))
    people = sa.table(
        "subscribers", sa.column("id"), sa.column("email_key", Key), sa.column("address_hash", Key)
    )
    bind = op.get_bind()
    if not bind.scalar(sa.select(sa.exists(sa.select(people)))):
        return
    key = secrets.token_bytes(KEY_OCTETS)
    keys = sa.table("keys", sa.column("name"), sa.column("value", sa.LargeBinary()))
    bind.execute(keys.insert().values(name=ADDRESSES, value=key))
    last = 0
    write = (
        people.update()
        .where(people.c.id == sa.bindparam("which"))
        .values(address_hash=sa.bindparam("hashed"))
    )
    wanted = sa.select(people.c.id, people.c.email_key).order_by(people.c.id).limit(PAGE)
    while page := bind.execute(wanted.where(people.c.id > last)).all():
        last = page[-1].id
        bind.execute(write, [{"which": row.id, "hashed": hash_address(row.email_key, key)} for row in page])
