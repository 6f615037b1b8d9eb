"""What a migration does to what is in the database already."""

from __future__ import annotations

from alembic import command
from sqlalchemy import create_engine, text

from mailer.storage.database import open_database
from mailer.storage.migrations.run import alembic_config
from mailer.storage.schedules import Schedules

URL = "sqlite:///people.db"
BEFORE_0003 = """
    INSERT INTO sends (id, slug, audience, subject, revision, template, created_at)
    VALUES (1, 'harbour', '{}', 'Harbour', 'r', x'00', '2026-11-22T08:00:00.000Z');
    INSERT INTO deliveries (id, send_id, subscriber_id, state, email, updated_at) VALUES
    (1, 1, 1, 'accepted', 'ann@a.example', '2026-11-22T08:00:00.000Z'),
    (2, 1, 2, 'accepted', 'ben@a.example', '2026-11-22T08:00:00.000Z');
    INSERT INTO attempts (delivery_id, at, state, stage, reply) VALUES
    (1, '2001-01-01T08:00:00.000Z', 'accepted', 'content', '250 long ago'),
    (2, '2001-01-01T08:00:00.000Z', 'deferred', 'rcpt', '451 not now'),
    (2, strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-1 hour'), 'accepted', 'content', '250 Ok');
    INSERT INTO warmups VALUES ('an-account', 'gazette.example', '2026-11-22', '2026-11-22T08:00:00.000Z')
"""


def test_what_got_through_lately_counts_for_the_account_that_is_known(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0002")
        for statement in BEFORE_0003.split(";"):
            connection.execute(text(statement))
    engine.dispose()
    upgraded = open_database(URL, tmp_path)
    with upgraded.connect() as connection:
        through = connection.execute(text("SELECT account, number FROM passed")).all()
        kept = connection.execute(text("SELECT delivery_id, state, reply FROM attempts")).all()
    upgraded.dispose()
    assert through == [("an-account", 1)]
    assert kept == [(2, "deferred", "451 not now")]


BEFORE_0004 = """
    INSERT INTO schedules (issue, audience, due_at, zone, state, note, created_at, updated_at)
    SELECT 'issues/harbour.md', '{"lists": ["weekly"], "exclude": []}', '2026-11-22T08:00:00.000Z', 'UTC',
           column1, column2, '2026-11-21T08:00:00.000Z', '2026-11-22T08:00:00.000Z'
    FROM (VALUES ('begun', 'send 17'), ('failed', 'send no more'), ('removed', 'by hand'))
"""


def test_which_send_a_schedule_led_to_is_no_note_any_more(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0003")
        connection.execute(text(BEFORE_0004))
    engine.dispose()
    upgraded = open_database(URL, tmp_path)
    kept = [(each.state, each.send_id, each.note) for each in Schedules(upgraded).all()]
    upgraded.dispose()
    assert kept == [("begun", 17, ""), ("failed", None, "send no more"), ("removed", None, "by hand")]
