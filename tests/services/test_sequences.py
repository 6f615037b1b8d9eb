"""Sequences on a clock of the test's own: each step once, at its moment, to nobody who said no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from standing_clock import Clock, join, look, workspace

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.sequence_people import start
from mailer.services.sequences import activate

pytestmark = pytest.mark.peers

DAY = timedelta(days=1)


def write_sequence(app: App, name: str, rules: str, **steps: str) -> Path:
    """Make the folder of a sequence of these rules; each step is front matter, by the name of its file."""
    folder = app.root / "sequences" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sequence.toml").write_text(rules, encoding="utf-8")
    for file, front in steps.items():
        write_step(folder, file, front)
    return folder


def write_step(folder: Path, name: str, front: str = "") -> None:
    text = (
        f"---\ntitle: About {name[3:]}\n{front}\n---\nThe news of {name[3:]} from the quay, word by word.\n"
    )
    (folder / f"{name.replace('_', '-')}.md").write_text(text, encoding="utf-8")


def person(name: str) -> Address:
    return Address.parse(f"{name}@inbox.example")


def got(server: ScriptedServer) -> list[tuple[str, str]]:
    """Return who got what, in the order in which it came."""
    return [
        (each.recipients[0].partition("@")[0], str(message_from_bytes(each.content)["Subject"])[6:])
        for each in server.taken
    ]


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    made = workspace(tmp_path, database_url, clock, server)
    join(made, "ada")
    yield made
    made.let_go()


COMMAND = 'list = "weekly"\nstart = "command"\n'


def test_steps_follow_each_other_by_days_and_times(app, clock, server):
    write_sequence(app, "first", COMMAND, s1_hello="", s2_quay='after: 3d\nat: "09:00"', s3_tide="after: 2h")
    activate(app, "first")
    assert start(app, "first", [person("ada")]) == 1
    for _ in range(2):
        assert look(app)[0].errors == []
    assert got(server) == [("ada", "hello")]
    clock.time = datetime(2026, 12, 1, 8, 59, 59, tzinfo=UTC)
    look(app)
    assert len(got(server)) == 1
    clock.time += timedelta(seconds=1)
    look(app)
    look(app)
    assert got(server)[1:] == [("ada", "quay")]
    clock.time += timedelta(hours=2)
    look(app)
    look(app)
    assert got(server)[2:] == [("ada", "tide")]
    clock.time += timedelta(days=400)
    assert look(app)[0].errors == []
    assert len(server.taken) == 3
