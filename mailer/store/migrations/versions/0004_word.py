"""Who halted a send and when, what it was begun with, and which send a schedule led to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# A schedule that had begun said which send as a note for people.
LED_TO = """
    UPDATE schedules SET send_id = CAST(substr(note, 6) AS INTEGER), note = ''
    WHERE state = 'begun' AND note LIKE 'send %'
"""


def upgrade() -> None:
    """Add the columns; what a send was begun with before is known only as far as its audience says it."""
    op.add_column("sends", sa.Column("audience_put", sa.Text(), nullable=True))
    op.add_column("sends", sa.Column("subject_put", sa.Text(), nullable=True))
    op.add_column("sends", sa.Column("halted_at", sa.String(length=24), nullable=True))
    op.add_column("sends", sa.Column("halted_by", sa.Text(), nullable=True))
    op.add_column("sends", sa.Column("halt_told_at", sa.String(length=24), nullable=True))
    op.add_column("schedules", sa.Column("send_id", sa.Integer(), nullable=True))
    op.execute(LED_TO)
