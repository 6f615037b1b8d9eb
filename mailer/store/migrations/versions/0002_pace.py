"""What was found out about how fast mail may go, and since when a domain is warmed up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "paces",
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("ceiling", sa.Float(), nullable=True),
        sa.Column("patience", sa.Float(), nullable=True),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("period", sa.Float(), nullable=True),
        sa.Column("window_since", sa.String(length=24), nullable=True),
        sa.Column("window_used", sa.Integer(), nullable=True),
        sa.Column("parked_until", sa.String(length=24), nullable=True),
        sa.Column("connections", sa.Integer(), nullable=True),
        sa.Column("learned_at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("account", "scope", name="pk_paces"),
    )
    op.create_table(
        "warmups",
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("started_at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("account", "domain", name="pk_warmups"),
    )
