"""Sequences: which are in force, who is in them, and which steps they got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Name, Number, UtcTime

revision = "0028"
down_revision = "0027"

MEMBER = ("sequence_id", "subscriber_id", "occasion")


def upgrade() -> None:
    """Make the tables, and what finds people who changed lately."""
    op.create_index("ix_subscribers_updated_at", "subscribers", ["updated_at"])
    op.create_table(
        "sequences",
        sa.Column("id", Number, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("list_id", Number, nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=False),
        sa.Column("look_at", UtcTime()),
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
        sa.Column("held_until", UtcTime()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sequences"),
        sa.UniqueConstraint("name", name="uq_sequences_name"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_sequences_list_id_lists"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sequences_list_id", "sequences", ["list_id"])
    _create_members()
    op.create_table(
        "sequence_steps",
        *_member_columns(),
        sa.Column("step", Key, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("send_id", Number),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint(*MEMBER, "step", name="pk_sequence_steps"),
        sa.ForeignKeyConstraint(
            MEMBER,
            [f"sequence_members.{name}" for name in MEMBER],
            ondelete="CASCADE",
            name="fk_sequence_steps_member",
        ),
    )


def _create_members() -> None:
    op.create_table(
        "sequence_members",
        *_member_columns(),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("on_list_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint(*MEMBER, name="pk_sequence_members"),
        *(
            sa.ForeignKeyConstraint(
                [f"{table[:-1]}_id"],
                [f"{table}.id"],
                ondelete="CASCADE",
                name=f"fk_sequence_members_{table[:-1]}_id_{table}",
            )
            for table in ("sequences", "subscribers")
        ),
    )
    op.create_index("ix_sequence_members_subscriber_id", "sequence_members", ["subscriber_id"])
    due = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_sequence_members_due",
        "sequence_members",
        ["sequence_id", "next_at"],
        sqlite_where=due,
        postgresql_where=due,
    )


def _member_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("sequence_id", Number, nullable=False),
        sa.Column("subscriber_id", Number, nullable=False),
        sa.Column("occasion", Name, nullable=False, server_default=""),
    )
