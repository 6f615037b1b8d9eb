"""What was wrong with what came back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, UtcTime

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alerts",
        sa.Column("key", Key, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("told_at", UtcTime()),
        sa.Column("dismissed_at", UtcTime()),
        sa.PrimaryKeyConstraint("key", name="pk_alerts"),
    )
