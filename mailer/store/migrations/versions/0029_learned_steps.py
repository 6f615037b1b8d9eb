"""What journals tell of letters of sequences that a backup lacks, which was put back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "learned_steps",
        sa.Column("subscriber_id", Number, nullable=False),
        sa.Column("slug", Key, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "slug", "at", name="pk_learned_steps"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            ondelete="CASCADE",
            name="fk_learned_steps_subscriber_id_subscribers",
        ),
    )
