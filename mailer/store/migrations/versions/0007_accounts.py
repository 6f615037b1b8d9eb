"""What of an account each of those has who send over it at the same time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; whoever sends makes the rows."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
    )
