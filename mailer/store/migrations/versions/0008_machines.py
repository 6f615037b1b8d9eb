"""Which processes send by a database on a server, how they do, and which part of an audience they prove."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables; whoever sends makes the rows."""
    op.create_table(
        "proofs",
        sa.Column("send_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("taken_until", UtcTime(), nullable=True),
        sa.Column("refused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("send_id", "first", name="pk_proofs"),
    )
    op.create_table(
        "machines",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("send_id", sa.Integer(), nullable=True),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("host", "pid", name="pk_machines"),
    )
