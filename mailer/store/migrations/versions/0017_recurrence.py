"""Schedules recur."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Number

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Say of a schedule how it recurs, and of each occurrence what it is one of; those before came once."""
    op.add_column("schedules", sa.Column("recurrence", sa.Text()))
    op.add_column("schedules", sa.Column("parent_id", Number))
