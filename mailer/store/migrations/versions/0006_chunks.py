"""What becomes of deliveries stands in rows that are only added, and they are taken by the chunk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEPT = ("queued", "accepted", "deferred", "failed", "uncertain", "cancelled")

DELIVERIES = """
    INSERT INTO deliveries (send_id, subscriber_id, email, name, language, timezone, tags, fields)
    SELECT send_id, subscriber_id, email, name, language, timezone, tags, fields
    FROM deliveries_before ORDER BY send_id, subscriber_id
"""
# Most were accepted at the first attempt, and nothing else is told of them.
ACCEPTED_AT_ONCE = """
    INSERT INTO outcomes (send_id, subscriber_id, number, state, stage, at, reply, revision, tried)
    SELECT send_id, subscriber_id, 1, state, 'content', updated_at, reason, revision, 1
    FROM deliveries_before d
    WHERE state = 'accepted' AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery_id = d.id)
    ORDER BY send_id, subscriber_id
"""
# The others: their attempts, and then what they say themselves where that is something else. Who is in a
# worker's hand is queued, which is told, so that nobody else takes them with those of whom nothing is told.
# Which attempts count for the retry policy is known by when the first one was, and by how many they are.
OTHERS = """
    INSERT INTO outcomes (send_id, subscriber_id, number, state, stage, at, reply, revision, tried)
    WITH
    latest AS (
        SELECT delivery_id, state, reply FROM attempts
        WHERE id IN (SELECT max(id) FROM attempts GROUP BY delivery_id)
    ),
    others AS (
        SELECT d.id, d.send_id, d.subscriber_id, d.revision, d.attempts, d.first_attempt_at, d.updated_at,
            CASE WHEN d.state IN ('claimed', 'handed') THEN 'queued' ELSE d.state END AS present,
            CASE WHEN d.state IN ('queued', 'claimed', 'handed') THEN coalesce(d.reason, latest.reply)
                ELSE d.reason
            END AS reason,
            d.state = 'accepted' AND coalesce(d.reason, '') NOT LIKE 'decided:%' AS got_through,
            latest.state AS before
        FROM deliveries_before d LEFT JOIN latest ON latest.delivery_id = d.id
        WHERE latest.state IS NOT NULL OR d.state NOT IN ('queued', 'accepted')
    ),
    told AS (
        SELECT delivery_id, id AS place, state, stage, at, reply, 0 AS got_through FROM attempts
        UNION ALL
        SELECT id, 9e18, present, CASE WHEN got_through THEN 'content' END, updated_at, reason, got_through
        FROM others WHERE present = 'accepted' OR present IS NOT before
    ),
    counted AS (
        SELECT o.send_id, o.subscriber_id, row_number() OVER so_far AS number,
            t.state, t.stage, t.at, t.reply,
            CASE WHEN t.state NOT IN ('queued', 'cancelled') OR max(t.state = 'uncertain') OVER so_far
                THEN o.revision
            END AS revision,
            t.got_through,
            NOT t.got_through AND t.state NOT IN ('queued', 'cancelled', 'accepted')
                AND t.at >= coalesce(o.first_attempt_at, '~') AS may_count,
            o.attempts - o.got_through AS in_vain
        FROM told t JOIN others o ON o.id = t.delivery_id
        WINDOW so_far AS (PARTITION BY t.delivery_id ORDER BY place)
    )
    SELECT send_id, subscriber_id, number, state, stage, at, reply, revision,
        got_through OR may_count AND in_vain >=
            sum(may_count) OVER (PARTITION BY send_id, subscriber_id ORDER BY number)
    FROM counted ORDER BY send_id, subscriber_id, number
"""
SETTLED = """
    INSERT INTO chunks (send_id, first, last, people, is_open, accepted, failed, uncertain, cancelled)
    SELECT send_id, 0, -1, '[]', 0,
        sum(state = 'accepted'), sum(state = 'failed'), sum(state = 'uncertain'), sum(state = 'cancelled')
    FROM deliveries_before WHERE state IN ('accepted', 'failed', 'uncertain', 'cancelled')
    GROUP BY send_id ORDER BY send_id
"""
# Whoever waits does so in one chunk: of a range of those of whom nothing is told yet, or of people who are
# listed because they are in one worker's hand, or due in the same minute, or to go again.
WAITING = """
    CREATE TEMPORARY TABLE waiting AS
    WITH
    waiting AS (
        SELECT send_id, subscriber_id, worker AS holder, due_at,
            (
                SELECT max(number) FROM outcomes o
                WHERE o.send_id = d.send_id AND o.subscriber_id = d.subscriber_id
            ) AS number
        FROM deliveries_before d WHERE state IN ('queued', 'claimed', 'handed', 'deferred')
    ),
    alike AS (
        SELECT *, dense_rank() OVER (
            ORDER BY send_id, number IS NULL, holder, substr(due_at, 1, 16)
        ) AS kind
        FROM waiting
    ),
    shared AS (
        SELECT *, (row_number() OVER (PARTITION BY kind ORDER BY subscriber_id) - 1) /
            CASE WHEN number IS NULL
                THEN min(max((count(*) OVER (PARTITION BY kind) + 63) / 64, 20), 1000)
                ELSE 1000
            END AS share
        FROM alike
    )
    SELECT send_id, subscriber_id, number, holder, due_at,
        (SELECT coalesce(max(id), 0) FROM chunks) + dense_rank() OVER (ORDER BY kind, share) AS chunk
    FROM shared
"""
OPEN = """
    INSERT INTO chunks (id, send_id, first, last, people, is_open, due_at, epoch, holder, queued, deferred)
    SELECT chunk, send_id, min(subscriber_id), max(subscriber_id),
        CASE WHEN number IS NOT NULL THEN json_group_array(subscriber_id) END,
        1, max(due_at), holder IS NOT NULL, holder, sum(due_at IS NULL), sum(due_at IS NOT NULL)
    FROM (SELECT * FROM waiting ORDER BY chunk, subscriber_id)
    GROUP BY chunk ORDER BY chunk
"""
PLACED = """
    UPDATE outcomes SET chunk = w.chunk, due_at = w.due_at
    FROM waiting w
    WHERE w.send_id = outcomes.send_id AND w.subscriber_id = outcomes.subscriber_id
        AND w.number = outcomes.number
"""
# No journal speaks of what was never proved, and it is taken back whole.
NUMBERS = """
    INSERT INTO delivery_numbers (number, send_id, subscriber_id)
    SELECT id, send_id, subscriber_id FROM deliveries_before
    WHERE state NOT IN ('accepted', 'failed', 'cancelled')
        AND send_id IN (SELECT id FROM sends WHERE proved_at IS NOT NULL)
    ORDER BY id
"""
EXCLUDED = """
    UPDATE sends SET excluded = (
        SELECT json_group_object(reason, number) FROM (
            SELECT reason, count(*) AS number FROM exclusions WHERE send_id = sends.id
            GROUP BY reason ORDER BY reason
        )
    )
"""
MOVED = DELIVERIES, ACCEPTED_AT_ONCE, OTHERS, SETTLED, WAITING, OPEN, PLACED, NUMBERS, EXCLUDED


def upgrade() -> None:
    """Make the tables, and move what the old ones say, if they say anything."""
    op.add_column("sends", sa.Column("excluded", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("sends", sa.Column("kept", sa.JSON(none_as_null=True), nullable=True))
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM sends")):
        op.rename_table("deliveries", "deliveries_before")
        _make()
        for statement in MOVED:
            op.execute(statement)
        for table in ("waiting", "attempts", "deliveries_before"):
            op.drop_table(table)
    else:
        op.drop_table("attempts")
        op.drop_table("deliveries")
        _make()
    _index()


def _make() -> None:
    op.create_table(
        "deliveries",
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_deliveries_send_id_sends"),
        sa.PrimaryKeyConstraint("send_id", "subscriber_id", name="pk_deliveries"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outcomes",
        sa.Column("send_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subscriber_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("tried", sa.Boolean(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ({})".format(", ".join(f"'{state}'" for state in KEPT)), name=op.f("ck_outcomes_state")
        ),
        sa.PrimaryKeyConstraint("send_id", "subscriber_id", "number", name="pk_outcomes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chunks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("people", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("receiver", sa.Text(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.String(length=24), nullable=True),
        sa.Column("in_doubt", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("marks", sa.Integer(), server_default="0", nullable=False),
        *(sa.Column(state, sa.Integer(), server_default="0", nullable=False) for state in KEPT),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_chunks_send_id_sends"),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
    )
    op.create_table(
        "delivery_numbers",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_delivery_numbers_send_id_sends"),
        sa.PrimaryKeyConstraint("number", name="pk_delivery_numbers"),
    )


def _index() -> None:
    unaccepted, open_ones = sa.text("state <> 'accepted'"), sa.text("is_open")
    op.create_index(
        "ix_outcomes_unaccepted",
        "outcomes",
        ["send_id", "state"],
        sqlite_where=unaccepted,
        postgresql_where=unaccepted,
    )
    op.create_index("ix_chunks_send_id", "chunks", ["send_id"])
    op.create_index(
        "ix_chunks_open", "chunks", ["send_id", "id"], sqlite_where=open_ones, postgresql_where=open_ones
    )
