"""What a migration does to what is in the database already."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import chain

from alembic import command
from sqlalchemy import create_engine, select, text

from mailer.domain.delivery import RetryPolicy, State
from mailer.domain.suppression import hash_address
from mailer.ledger.chunks import Chunk
from mailer.ledger.freezing import FrozenText
from mailer.ledger.holding import Holding
from mailer.ledger.journal import Journal
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import reclaim
from mailer.ledger.revisions import Revisions
from mailer.ledger.schedules import Schedules
from mailer.store.database import open_database
from mailer.store.migrations.run import alembic_config
from mailer.store.schema import chunks, delivery_numbers

URL = "sqlite:///people.db"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
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
        kept = connection.execute(text("SELECT subscriber_id, number, state, reply FROM outcomes")).all()
    upgraded.dispose()
    assert through == [("an-account", 1)]
    # The words of an acceptance were kept with it, and what had none has none.
    assert kept == [(1, 1, "accepted", None), (2, 1, "deferred", "451 not now"), (2, 2, "accepted", None)]


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


BEFORE_0005 = """
    INSERT INTO sends
    (id, slug, audience, subject, revision, template, created_at, proved_at, candidates) VALUES
    (1, 'clock', '{"exclude":[],"lists":["weekly"]}', 'Clock', 'aa', x'01', §, §, 1),
    (2, 'tide', '{"exclude":[],"lists":["weekly"]}', 'Tide', 'bb', x'02', §, §, 5);
    INSERT INTO lists (id, name, title, created_at) VALUES (1, 'weekly', 'Weekly', §);
    INSERT INTO subscriptions VALUES
    (1, 1, 'subscribed', 't', §), (1, 2, 'subscribed', 't', §),
    (1, 3, 'subscribed', 't', §), (1, 4, 'subscribed', 't', §),
    (1, 5, 'subscribed', 't', §);
    INSERT INTO deliveries
    (id, send_id, subscriber_id, state, email, attempts, worker, reason, updated_at) VALUES
    (1, 1, 1, 'accepted', 'ann@a.example', 1, NULL, '250 Ok', §),
    (2, 2, 1, 'accepted', 'ann@a.example', 1, NULL, '250 Ok', §),
    (3, 2, 2, 'queued', 'ben@a.example', 0, NULL, NULL, §),
    (4, 2, 3, 'queued', 'cat@a.example', 1, NULL, NULL, §),
    (5, 2, 4, 'uncertain', 'dan@a.example', 0, NULL, 'its journal is gone', §),
    (6, 2, 5, 'claimed', 'eve@a.example', 0, 'the-worker', NULL, §)
"""


def test_sends_from_before_corrections_have_one_text_and_go_on(tmp_path):
    journal = Journal(tmp_path / "journals", NOW)
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    with engine.begin() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        command.upgrade(alembic_config(connection), "0004")
        before = BEFORE_0005.replace("§", "'2026-11-23T08:00:00.000Z'").replace("the-worker", journal.name)
        for statement in before.split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    upgraded = open_database(URL, tmp_path)
    ledger, queries = Ledger(upgraded), LedgerQueries(upgraded)
    clock, tide = ledger.sends()
    assert [(s.number, s.first_revision, ledger.template(s, 1)) for s in (clock, tide)] == [
        (1, "aa", b"\x01"),
        (1, "bb", b"\x02"),
    ]
    has = {line.email: line.revision for line in queries.deliveries(tide)}
    assert has == {
        "ann@a.example": "bb",
        "ben@a.example": "",
        "cat@a.example": "",
        "dan@a.example": "bb",
        "eve@a.example": "",
    }
    assert queries.discrepancies(clock) == []
    corrected = Revisions(upgraded).correct(tide, FrozenText("Tide", "cc", b"\x03"), NOW)
    assert corrected is None, "a worker has one of its deliveries"
    journal.close(keep=True)  # it died, and had handed nothing over
    reclaim(upgraded, tmp_path / "journals", RetryPolicy(), NOW)
    corrected = Revisions(upgraded).correct(tide, FrozenText("Tide", "cc", b"\x03"), NOW)
    ledger.decide(corrected, State.UNCERTAIN, State.QUEUED, "decided: --resend-uncertain", NOW)
    hand = Holding(upgraded, corrected, "v")
    taken = chain.from_iterable(iter(lambda: hand.take(NOW), []))
    claims = {each.recipient.email: each.revision for each in taken}
    upgraded.dispose()
    # Dan may have the first text already, with the Message-ID that the second copy has, too.
    assert claims == {"ben@a.example": 2, "cat@a.example": 2, "dan@a.example": 1, "eve@a.example": 2}


BEFORE_0006 = """
    INSERT INTO sends (id, slug, audience, subject, revision, created_at, proved_at, candidates) VALUES
    (1, 'clock', '{"exclude":[],"lists":["weekly"]}', 'Clock', 'aa', §, §, 6000),
    (2, 'tide', '{"exclude":[],"lists":["weekly"]}', 'Tide', 'bb', §, NULL, 6000);
    INSERT INTO revisions SELECT id, 1, revision, x'00', subject, created_at FROM sends;
    INSERT INTO deliveries
    (id, send_id, subscriber_id, state, email, worker, due_at, reason, updated_at, revision)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    SELECT 7000 + i, 1, i,
        CASE i % 5 WHEN 0 THEN 'queued' WHEN 3 THEN 'deferred' WHEN 4 THEN 'accepted' ELSE 'claimed' END,
        'reader' || i || '@inbox.example',
        CASE i % 5 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END,
        CASE i % 5 WHEN 3 THEN '2026-11-23T08:30:' || substr(10 + i % 50, 1, 2) || '.000Z' END,
        CASE i % 5 WHEN 4 THEN '250 Ok' END, §, 1
    FROM n;
    INSERT INTO deliveries (id, send_id, subscriber_id, state, email, updated_at)
    SELECT id + 6000, 2, subscriber_id, 'queued', email, updated_at FROM deliveries
"""


def test_whoever_waits_does_so_in_one_chunk(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0005")
        for statement in BEFORE_0006.replace("§", "'2026-11-23T08:00:00.000Z'").split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    upgraded = open_database(URL, tmp_path)
    waits: list[int] = []
    kinds = Counter()
    with upgraded.connect() as connection:
        for row in connection.execute(select(chunks).where(chunks.c.send_id == 1, chunks.c.is_open)):
            chunk, state = Chunk.of(row), State.DEFERRED if row.due_at else State.QUEUED
            waiting = chunk.waiting(connection, state)
            assert (len(waiting), row.queued + row.deferred) == (row._mapping[state.value],) * 2
            waits += waiting
            kinds[chunk.people is None, row.holder, row.due_at, len(waiting)] += 1
        numbers = connection.execute(select(delivery_numbers)).all()
    # Each once, and of a worker's nobody with those whom anybody may take.
    assert sorted(waits) == [i for i in range(1, 6001) if i % 5 != 4]
    assert kinds == {
        (True, None, None, 20): 60,
        **{(False, holder, None, size): 1 for holder in ("one", "two") for size in (1000, 200)},
        **{(False, None, NOW.replace(hour=8, minute=30, second=58), size): 1 for size in (1000, 200)},
    }
    assert numbers == [(7000 + i, 1, i) for i in range(1, 6001) if i % 5 != 4]
    ledger = Ledger(upgraded)
    assert LedgerQueries(upgraded).discrepancies(ledger.send(1)) == []
    ledger.discard_unproved()
    assert [send.slug for send in ledger.sends()] == ["clock"]
    upgraded.dispose()


BEFORE_0019 = """
    INSERT INTO lists (id, name, title, created_at)
    VALUES (1, 'weekly', 'Weekly', '2026-11-22T08:00:00.000Z');
    INSERT INTO subscribers (id, email, email_key, created_at, updated_at)
    SELECT column1, column2, column2, '2026-11-22T08:00:00.000Z', '2026-11-22T08:00:00.000Z'
    FROM (VALUES (1, 'ａｄａ@quay.example'), (2, 'ｂｏ@quay.example'), (3, 'bo@quay.example'),
                 (4, 'jürgen@quay.example'));
    INSERT INTO subscriptions (list_id, subscriber_id, status, source, since)
    SELECT 1, column1, column2, 'a file', '2026-11-22T08:00:00.000Z'
    FROM (VALUES (1, 'subscribed'), (2, 'unsubscribed'), (3, 'subscribed'), (4, 'subscribed'));
    INSERT INTO suppressions (who, reason, note, since)
    VALUES ('ｃｙ@quay.example', 'requested', 'by phone', '2026-11-22T08:00:00.000Z');
    INSERT INTO keys (name, value) VALUES ('addresses', x'00')
"""


def test_who_said_no_in_wide_letters_is_found_by_common_ones(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0018")
        for statement in BEFORE_0019.split(";"):
            connection.execute(text(statement))
    engine.dispose()
    upgraded = open_database(URL, tmp_path)
    on = "SELECT email_key, status FROM subscribers JOIN subscriptions ON subscriber_id = id ORDER BY id"
    with upgraded.connect() as connection:
        people = connection.execute(text(on)).all()
        hashed = connection.scalar(text("SELECT address_hash FROM subscribers WHERE id = 1"))
        never = connection.execute(text("SELECT who, reason, note FROM suppressions ORDER BY who")).all()
    upgraded.dispose()
    assert people == [
        ("ada@quay.example", "subscribed"),
        ("ｂｏ@quay.example", "unsubscribed"),
        ("bo@quay.example", "unsubscribed"),
        ("jürgen@quay.example", "subscribed"),
    ]
    assert hashed == hash_address("ada@quay.example", b"\0")
    assert never == [
        ("cy@quay.example", "requested", "by phone"),
        ("ｃｙ@quay.example", "requested", "by phone"),
    ]
