"""People are known by the addresses that they had before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table; nobody had another address before that is known of."""
    op.create_table(
        "former_addresses",
        sa.Column("email_key", Key, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("subscriber_id", Number, nullable=False),
        sa.Column("former_id", Number),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("email_key", name="pk_former_addresses"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name="fk_former_addresses_subscriber_id_subscribers",
            ondelete="CASCADE",
        ),
    )
    for column in ("subscriber_id", "former_id"):
        op.create_index(f"ix_former_addresses_{column}", "former_addresses", [column])
