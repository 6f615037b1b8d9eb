"""Whoever runs the program is told what happens, once; of what is over by now nothing is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime

revision = "0027"
down_revision = "0026"
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Make the tables, and note what was finished or missed before there were notices."""
    notices = op.create_table(
        "admin_notices",
        sa.Column("id", Number, nullable=False),
        sa.Column("key", Key, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_admin_notices"),
        sa.UniqueConstraint("key", name="uq_admin_notices_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "notice_ways",
        sa.Column("notice_id", Number, nullable=False),
        sa.Column("way", Key, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "way", name="pk_notice_ways"),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["admin_notices.id"], name="fk_notice_ways_notice_id_admin_notices"
        ),
    )
    op.create_index("ix_notice_ways_state", "notice_ways", ["state", "next_at"])
    op.create_table(
        "notice_attempts",
        sa.Column("notice_id", Number, nullable=False),
        sa.Column("way", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("words", sa.Text()),
        sa.PrimaryKeyConstraint("notice_id", "way", "number", name="pk_notice_attempts"),
    )
    nothing = [sa.literal(""), sa.literal([], JSON), sa.literal({}, JSON)]
    for event, table, over in _over():
        key = sa.literal(f"{event}:") + sa.cast(table.c.id, sa.Text())
        row = sa.select(key, sa.literal(event), table.c.created_at, *nothing).where(over)
        op.execute(notices.insert().from_select(["key", "event", "at", "title", "lines", "data"], row))


def _over() -> list[tuple[str, sa.TableClause, sa.ColumnElement[bool]]]:
    sends = sa.table("sends", sa.column("id"), sa.column("created_at"), sa.column("proved_at"))
    schedules = sa.table("schedules", sa.column("id"), sa.column("created_at"), sa.column("state"))
    chunks = sa.table("chunks", sa.column("send_id"), sa.column("is_open", sa.Boolean()))
    left = sa.exists().where(chunks.c.send_id == sends.c.id, chunks.c.is_open)
    return [
        ("send.finished", sends, sends.c.proved_at.is_not(None) & ~left),
        *(
            (f"schedule.{state}", schedules, schedules.c.state == state)
            for state in ("failed", "missed", "skipped")
        ),
    ]
