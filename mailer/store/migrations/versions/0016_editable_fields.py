"""Fields may be changed by whom they are about, on a page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Note what readers call a field, and whether they may change it; nobody may yet."""
    op.add_column("fields", sa.Column("title", sa.Text, nullable=False, server_default=""))
    op.add_column("fields", sa.Column("is_editable", sa.Boolean, nullable=False, server_default=sa.false()))
