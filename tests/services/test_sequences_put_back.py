"""A backup is put into its place by hand: the journals tell which steps went since, and none goes twice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from postgresql import programs
from sequence_workspace import got, person, put_in, standing
from sqlalchemy import delete, make_url, select
from standing_clock import Clock, join, look, workspace

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.domain.outcome import Stage
from mailer.sandbox.scripted_server import Act, ScriptedServer
from mailer.services.database import back_up
from mailer.services.merge import merge
from mailer.services.sequence_people import start, start_segment, stories_of
from mailer.services.sequences import activate, standing_of
from mailer.store.schema import journals_read, learned_steps

pytestmark = pytest.mark.peers

DAY = timedelta(days=1)
WENT = "its letter went before a backup was put back, by the journals"
STEPS = {"s1_hello": "", "s2_quay": "after: 1d"}


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    """A sequence of which nobody has anything yet. Journals go by a clock of their own."""
    clock.time = datetime.now(UTC)
    made = workspace(tmp_path, database_url, clock, server)
    made.stay()
    for name in ("ada", "bo"):
        join(made, name, birthday=f"1990-{clock.time:%m-%d}")
    put_in(made, "first", **STEPS)
    yield made
    made.let_go()


def kept(app: App) -> Callable[[], None]:
    """Make a backup with the database's own programs; return what puts it into the place of the database."""
    backup = app.root / "monday"
    if file := app.database_file:
        back_up(app, backup)

        def by_hand() -> None:
            app.let_go()
            for log in ("-wal", "-shm"):
                file.with_name(file.name + log).unlink(missing_ok=True)
            shutil.copy(backup, file.with_name("fresh"))
            file.with_name("fresh").replace(file)

        return by_hand
    url = make_url(app.settings.database_url.get_secret_value()).set(drivername="postgresql")
    there = f"--dbname={url.render_as_string(hide_password=False)}"
    subprocess.run([programs() / "pg_dump", "--format=custom", f"--file={backup}", there], check=True)
    how = ["--clean", "--if-exists", "--single-transaction", there, str(backup)]

    def restore() -> None:
        subprocess.run([programs() / "pg_restore", *how], check=True)

    return restore


def mailed(app: App, server: ScriptedServer) -> list[str]:
    """Make a round; return to whom what went so far, in the order of names."""
    done, _ = look(app)
    assert done.errors == []
    return sorted(
        f"{each.recipients[0].partition('@')[0]} {each.content.split(b'About ')[1].split()[0].decode()}"
        for each in server.taken
    )


def test_who_got_a_step_since_gets_the_next_one(app, clock, server):
    start(app, "first", [person("ada"), person("bo")])
    put_back = kept(app)
    assert mailed(app, server) == ["ada hello", "bo hello"]
    put_back()
    assert got(app) == []
    assert mailed(app, server) == ["ada hello", "bo hello"]
    clock.time += DAY  # nearly, by the clock of the journals
    assert mailed(app, server) == ["ada hello", "bo hello"]
    clock.time += DAY
    assert mailed(app, server) == ["ada hello", "ada quay", "bo hello", "bo quay"]
    (story,) = stories_of(app, "first", person("bo"))
    assert [(each.step, each.note, each.state) for each in story.steps] == [
        ("hello", WENT, None),
        ("quay", "", "accepted"),
    ]
    assert standing(app, "bo") == ["finished"]


def test_the_letters_of_others_were_in_the_same_send(app, clock, server):
    start(app, "first", [person("ada")])
    mailed(app, server)
    put_back = kept(app)
    start(app, "first", [person("bo")])
    assert mailed(app, server) == ["ada hello", "bo hello"]
    put_back()
    look(app)  # by which the journals are known, of whom none is left
    start(app, "first", [person("bo")])
    assert mailed(app, server) == ["ada hello", "bo hello"]
    clock.time += 2 * DAY
    assert mailed(app, server) == ["ada hello", "ada quay", "bo hello", "bo quay"]
    start(app, "first", [person("bo")], again=True)
    assert mailed(app, server).count("bo hello") == 2


def test_a_sequence_put_in_force_since_is_remembered_by_its_name(app, clock, server):
    put_back = kept(app)
    put_in(app, "second", 'list = "weekly"\nstart = { date = "birthday", each = "year" }\n', s1_tide="")
    assert mailed(app, server) == ["ada tide", "bo tide"]
    put_back()
    activate(app, "second")
    assert mailed(app, server) == ["ada tide", "bo tide"]
    assert standing(app) == ["finished"]
    clock.time = clock.time.replace(year=clock.time.year + 1)
    assert mailed(app, server) == ["ada tide", "ada tide", "bo tide", "bo tide"]


def test_what_is_in_doubt_went_and_what_was_put_off_did_not(app, server):
    start(app, "first", [person("ada"), person("bo")])
    put_back = kept(app)
    said = {1: Act.LOSE, 2: "451 4.7.1 come again"}
    server.script = lambda stage, count: said.get(count) if stage is Stage.CONTENT else None
    look(app)
    assert len(server.taken) == 1
    (lost,) = server.taken[0].recipients
    put_back()
    done, _ = look(app)
    assert sorted(each.recipients[0] for each in server.taken) == ["ada@inbox.example", "bo@inbox.example"]
    assert server.taken[0].recipients == (lost,)
    assert done.errors == []


def test_a_journal_that_cannot_be_read_holds_the_sequence_and_that_is_said(app, server):
    start(app, "first", [person("ada")])
    put_back = kept(app)
    look(app)
    (journal,) = (app.journals / "kept").iterdir()
    head, _, rest = journal.read_bytes().partition(b"\n")
    journal.write_bytes(head + b"\nh " + rest)
    put_back()
    look(app)
    held = standing_of(app, "first")
    assert (held.state, len(server.taken)) == ("paused", 1)
    assert held.problem == (
        f"a backup was put back, and the journal {journal.name} can't be read: "
        "who got a step of it since isn't known"
    )
    activate(app, "first")
    look(app)
    assert len(server.taken) == 2


def test_what_was_learned_goes_with_whoever_two_records_are(app, server):
    put_back = kept(app)
    start(app, "first", [person("ada")])
    look(app)
    put_back()
    look(app)
    by_hand = Source(SourceKind.COMMAND)
    merge(app.database, person("bo"), person("ada"), by_hand, app.now())
    start_segment(app, "first", "email is known")
    assert mailed(app, server) == ["ada hello"]


def test_of_a_journal_that_tells_nothing_new_nothing_is_learned(app):
    start(app, "first", [person("ada")])
    look(app)
    with app.database.begin() as connection:
        connection.execute(delete(journals_read))
    look(app)
    with app.database.connect() as connection:
        assert connection.execute(select(learned_steps)).all() == []
        assert len(connection.execute(select(journals_read)).all()) == 1


def test_a_number_that_was_given_anew_is_another_person(app, clock, server):
    put_back = kept(app)
    join(app, "cy")
    start(app, "first", [person("cy")])
    assert mailed(app, server) == ["cy hello"]
    put_back()
    clock.time = datetime.now(UTC)
    join(app, "di")
    start(app, "first", [person("di")])
    assert mailed(app, server) == ["cy hello", "di hello"]
