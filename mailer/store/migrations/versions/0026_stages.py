"""A send may go to some first, and to more when that went well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import UtcTime

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make the table, and room for what sends, chunks and schedules say of it."""
    for table, name, kind in (
        ("sends", "rollout", sa.JSON(none_as_null=True)),
        ("sends", "stage", sa.Integer()),
        ("sends", "judged_from", sa.JSON(none_as_null=True)),
        ("chunks", "stage", sa.Integer()),
        ("schedules", "rollout", sa.JSON(none_as_null=True)),
    ):
        op.add_column(table, sa.Column(name, kind))
    op.create_table(
        "stages",
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcTime()),
        sa.Column("done_at", UtcTime()),
        sa.Column("figures", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("send_id", "number", name="pk_stages"),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_stages_send_id_sends"),
    )
