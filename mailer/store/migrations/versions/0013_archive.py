"""What is shown of a send in the archive of its lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table; what was sent before is not in it until somebody says so."""
    op.create_table(
        "archive",
        sa.Column("send_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("title", "summary", "words")),
        sa.PrimaryKeyConstraint("send_id", name="pk_archive"),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_archive_send_id_sends"),
    )
