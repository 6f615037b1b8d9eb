"""What schedules know of their feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Name, Number, UtcTime

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Make the tables."""
    said = ("moved_to", "etag", "last_modified", "trouble")
    op.create_table(
        "feeds",
        sa.Column("schedule_id", Number, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False, server_default="") for name in said),
        sa.Column("looked_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "address", name="pk_feeds"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_feeds_schedule_id_schedules"),
    )
    op.create_table(
        "feed_entries",
        sa.Column("schedule_id", Number, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("occurrence_id", Number, nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "key", name="pk_feed_entries"),
        *(
            sa.ForeignKeyConstraint([name], ["schedules.id"], name=f"fk_feed_entries_{name}_schedules")
            for name in ("schedule_id", "occurrence_id")
        ),
    )
