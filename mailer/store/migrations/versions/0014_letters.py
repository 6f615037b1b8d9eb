"""A send may bring letters: it stays open, and people are added to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Note what a send brings; what there is are issues."""
    op.add_column("sends", sa.Column("kind", sa.String(16), nullable=False, server_default="issue"))
