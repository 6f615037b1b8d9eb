"""What got through is counted by account; an acceptance stands in its delivery's own row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Which account each message of the last day went through nobody can say any more: it counts for all of them.
RECENT = """
    INSERT INTO passed (account, at, number)
    SELECT account, at, 1
    FROM attempts, (SELECT account FROM paces UNION SELECT account FROM warmups) AS accounts
    WHERE state = 'accepted' AND at > strftime('%Y-%m-%dT%H:%M:%S', 'now', '-1 day')
"""


def upgrade() -> None:
    """Make the table, fill it for a day back, and drop what the deliveries say themselves."""
    op.create_table(
        "passed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passed"),
    )
    op.create_index("ix_passed_account", "passed", ["account", "at"])
    op.execute(RECENT)
    op.execute("DELETE FROM attempts WHERE state = 'accepted'")
