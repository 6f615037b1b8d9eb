"""Lists are set, and deleted but for their names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import UtcTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Note when a list was set last, and since when it is gone."""
    op.add_column("lists", sa.Column("changed_at", UtcTime()))
    op.add_column("lists", sa.Column("deleted_at", UtcTime()))
