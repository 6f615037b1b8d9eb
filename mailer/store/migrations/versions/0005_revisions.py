"""A send keeps every text that it had, and each delivery which of them it was handed over with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

FIRST = """
    INSERT INTO revisions (send_id, no, revision, template, subject, since)
    SELECT id, 1, revision, template, subject, created_at FROM sends
"""
HANDED = """
    UPDATE deliveries SET revision = 1
    WHERE attempts > 0 OR state IN ('claimed', 'handed', 'accepted', 'uncertain')
"""
# What is in doubt keeps its text, and is known by an attempt that says so.
IN_DOUBT = """
    INSERT INTO attempts (delivery_id, at, state, stage, reply)
    SELECT id, updated_at, state, 'content', coalesce(reason, '') FROM deliveries
    WHERE state = 'uncertain' AND NOT EXISTS
        (SELECT 1 FROM attempts WHERE delivery_id = deliveries.id AND state = 'uncertain')
"""


def upgrade() -> None:
    """Make the table and move the texts into it: they are the first of their sends."""
    op.create_table(
        "revisions",
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("template", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_revisions_send_id_sends"),
        sa.PrimaryKeyConstraint("send_id", "no", name="pk_revisions"),
    )
    op.execute(FIRST)
    op.execute("ALTER TABLE sends DROP COLUMN template")
    op.execute("ALTER TABLE sends ADD COLUMN corrects INTEGER")
    op.execute("ALTER TABLE sends ADD COLUMN correction INTEGER")
    op.execute("ALTER TABLE deliveries ADD COLUMN revision INTEGER")
    op.execute(HANDED)
    op.execute(IN_DOUBT)
