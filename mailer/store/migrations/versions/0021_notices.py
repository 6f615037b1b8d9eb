"""What webhooks tell is written down before it is understood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "notices",
        sa.Column("id", Number, nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("digest", Key, nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime()),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("digest", name="uq_notices_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_read_at", "notices", ["read_at"])
