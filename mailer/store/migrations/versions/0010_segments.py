"""Segments, by name and as a send keeps them; an exclusion's reason can name one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Name, Number, UtcTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table, the column, and room for the reason."""
    op.create_table(
        "segments",
        sa.Column("id", Number, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("name", name="uq_segments_name"),
    )
    op.add_column("sends", sa.Column("segments", sa.JSON(none_as_null=True), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("exclusions", "reason", existing_type=sa.String(32), type_=sa.Text())
