"""A schedule may go by each reader's own clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make room for the time on those clocks; schedules before went by one."""
    op.add_column("schedules", sa.Column("local_at", sa.Text()))
