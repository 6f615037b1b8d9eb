"""What sequences ask of the database while nothing is due, however many people are in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sequence_workspace import person, write_due, write_sequence
from sqlalchemy import text
from standing_clock import Clock, workspace
from test_idle_rounds import statements

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.domain.field import FieldType
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.field_types import declare_types
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.sequence_people import start_segment
from mailer.services.sequences import activate

pytestmark = pytest.mark.peers

STARTS = (
    '"command"',
    '"confirmation"',
    '{ tag = "press" }',
    '{ date = "birthday", each = "year" }',
    '{ date = "birthday", before = "7d" }',
)


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    made = workspace(tmp_path, database_url, clock, server)
    yield made
    made.let_go()


def test_a_round_asks_one_question_by_an_index_and_writes_nothing(app: App, clock: Clock) -> None:
    with app.database.begin() as connection:
        terms = Consent((1,), Source(SourceKind.COMMAND, "test"), app.now() - timedelta(days=1))
        people = [Entry(person(f"reader{number}"), {"birthday": "1990-05-04"}) for number in range(600)]
        declare_types(connection, {"birthday": FieldType.DATE})
        enrol(connection, people, terms)
    for number, start in enumerate(STARTS):
        write_sequence(app, f"s{number}", f'list = "weekly"\nstart = {start}\n', s1_hello="after: 3d")
        activate(app, f"s{number}")
        start_segment(app, f"s{number}", "email is known")
    assert write_due(app) == []
    app.stay(keep_open=True)
    clock.time += timedelta(minutes=1)
    with statements() as seen:
        assert write_due(app, mail=False) == []
    (question,) = (each for each in seen if not each.startswith(("BEGIN", "COMMIT", "PRAGMA")))
    assert "BEGIN IMMEDIATE" not in seen
    if app.database_file:
        filled = question.replace("?", "'2026-11-28T08:01:00.000Z'")
        with app.database.connect() as connection:
            plan = "\n".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {filled}")))
        assert "ix_sequence_members_due" in plan
        assert "ix_subscribers_updated_at" in plan
        assert not any(line in plan for line in ("SCAN sequence_members", "SCAN subscribers"))


def test_who_begins_by_a_date_is_looked_for_once_an_hour(app: App, clock: Clock) -> None:
    with app.database.begin() as connection:
        terms = Consent((1,), Source(SourceKind.COMMAND, "test"), app.now() - timedelta(days=1))
        declare_types(connection, {"birthday": FieldType.DATE})
        enrol(connection, [Entry(person("ada"), {"birthday": "1990-05-04"})], terms)
    for number in (3, 4):
        write_sequence(
            app, f"s{number}", f'list = "weekly"\nstart = {STARTS[number]}\n', s1_hello="after: 3d"
        )
        activate(app, f"s{number}")
    assert write_due(app) == []
    app.stay(keep_open=True)
    clock.time += timedelta(hours=1, minutes=1)
    with statements() as seen:
        write_due(app, mail=False)
    looks = [each for each in seen if each.startswith("SELECT subscribers.id, subscribers.timezone")]
    assert len(looks) == 2
