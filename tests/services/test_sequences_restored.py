"""A backup is restored: nobody gets a step of a sequence once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sequence_workspace import COMMAND, got, pass_days, person, put_in, standing
from standing_clock import Clock, join, workspace

from mailer.bootstrap import App
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.database import Restored, back_up, restore
from mailer.services.sequence_people import start, stop_people, stories_of
from mailer.services.sequences import activate, standing_of

pytestmark = pytest.mark.peers

TAG = COMMAND.replace('"command"', '{ tag = "boat" }')


@pytest.fixture
def app(tmp_path: Path, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    """A sequence of which ada and bo are to get the first step, in a backup and here."""
    made = workspace(tmp_path, "sqlite:///mailer.db", clock, server)
    made.stay()
    join(made, "ada")
    join(made, "bo")
    put_in(made, "first", s1_hello="", s2_quay="after: 1d")
    start(made, "first", [person("ada"), person("bo")])
    back_up(made, tmp_path / "monday.db")
    yield made
    made.let_go()


def put_back(app: App) -> Restored:
    app.let_go()
    assert app.database_file
    return restore(app.root / "monday.db", app.database_file, app.journals, app.now())


def test_who_got_a_step_since_gets_the_next_one(app: App, clock: Clock) -> None:
    join(app, "cy")
    put_in(app, "second", TAG, s1_tide="")  # in force since
    start(app, "first", [person("cy")])
    pass_days(app, clock, 0)
    stop_people(app, "first", [person("bo")])
    assert put_back(app).paused == []
    assert [(name, step) for name, step, _ in got(app)] == [("ada", "hello"), ("bo", "hello")]
    assert standing(app, "bo")[0].startswith("stopped: by ")
    (story,) = stories_of(app, "first", person("bo"))
    assert [(each.step, each.state, bool(each.lacks)) for each in story.steps] == [("hello", None, True)]
    pass_days(app, clock, 1)
    assert [(name, step) for name, step, _ in got(app)][2:] == [("ada", "quay")]
    assert standing_of(app, "second").state == "in force"
    put_in(app, "third", s1_tide="")  # under a number of its own


@pytest.mark.parametrize("lost", [b"", b"no database any more" * 500])
def test_they_are_paused_where_nobody_knows_who_got_what(app: App, clock: Clock, lost: bytes) -> None:
    pass_days(app, clock, 0)
    app.let_go()
    assert app.database_file
    app.database_file.unlink()
    if lost:
        app.database_file.write_bytes(lost)
    assert put_back(app).paused == ["first"]
    clock.time += timedelta(days=3)
    pass_days(app, clock, 0)
    assert got(app) == []
    activate(app, "first")
    pass_days(app, clock, 0)
    assert [step for _, step, _ in got(app)] == ["hello", "hello"]
