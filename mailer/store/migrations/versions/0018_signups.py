"""People sign up by forms, confirm it, are welcomed, or are reminded once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table; a list may have a welcome, and a page for who has confirmed."""
    op.add_column("lists", sa.Column("welcome", sa.Text()))
    op.add_column("lists", sa.Column("confirmed_url", sa.Text()))
    op.add_column("subscriptions", sa.Column("reminded_at", UtcTime()))
    op.create_table(
        "signups",
        sa.Column("id", Number, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", Key, nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("lists", "answers", "source")),
        sa.Column("language", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("ip", "agent", "note")),
        *(sa.Column(name, UtcTime()) for name in ("taken_at", "mailed_at")),
        sa.PrimaryKeyConstraint("id", name="pk_signups"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signups_email_key", "signups", ["email_key"])
