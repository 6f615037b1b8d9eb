"""What came back, what was done about it, and how far mailboxes were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime

revision = "0015"
down_revision = "0014"

TEXTS = ("email", "provider", "status", "reason", "said")


def upgrade() -> None:
    """Make the tables; what was refused before is looked at when the next send ends."""
    op.create_table(
        "returns",
        sa.Column("id", Number, nullable=False),
        sa.Column("digest", Key, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("effect", sa.String(16), nullable=False),
        sa.Column("send_id", Number),
        sa.Column("subscriber_id", Number),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("evidence", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.UniqueConstraint("digest", name="uq_returns_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_returns_subscriber_id", "returns", ["subscriber_id", "send_id"])
    op.create_index("ix_returns_send_id", "returns", ["send_id", "kind"])
    op.create_table(
        "mailboxes",
        sa.Column("name", Key, nullable=False),
        sa.Column("state", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_mailboxes"),
    )
