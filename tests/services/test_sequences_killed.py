"""Rounds of sequences are killed before whatever they write: the next ones do the rest of it, and no more."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sequence_workspace import compile_step, person, write_due, write_sequence
from sqlalchemy import Engine, event, func, select
from standing_clock import Clock, join, workspace

from mailer.bootstrap import App
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.edit import Edit, edit
from mailer.services.sequence_people import start_segment
from mailer.services.sequences import activate
from mailer.store.schema import chunks, deliveries, sends, sequence_members, sequence_steps

pytestmark = pytest.mark.peers

NAMES = ("ada", "bo", "cy")


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    made = workspace(tmp_path, database_url, clock, server)
    for name in NAMES:
        join(made, name)
    yield made
    made.let_go()


def killed_at(app: App, number: int, clock: Clock) -> bool:
    """Make a round in a process of its own, which dies at its nth write or commit; whether it did."""
    app.let_go()
    child = os.fork()
    if not child:
        left = number

        def count(*about: object) -> None:
            nonlocal left
            left -= not any(isinstance(each, str) and each.startswith(("SELECT", "PRAGMA")) for each in about)
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        os._exit(len(write_due(app, mail=False)))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def round_killed_everywhere(app: App, clock: Clock) -> int:
    number = 1
    while killed_at(app, number, clock):
        number += 1
    return number


def test_whenever_a_round_is_killed_each_gets_each_step_once(app: App, clock: Clock) -> None:
    write_sequence(app, "first", s1_hello="", s2_quay="after: 1d", s3_boat="after: 1d\nonly: tag:boat")
    write_sequence(app, "tagged", 'list = "weekly"\nstart = { tag = "press" }\n', s1_tide="")
    for name in ("first", "tagged"):
        activate(app, name)
    start_segment(app, "first", "email is known")
    clock.time += timedelta(minutes=1)
    edit(app.database, Edit(person("ada"), {"tags": "boat, press"}), app.now())
    compile_step(app, "first", "hello")
    compile_step(app, "tagged", "tide")
    assert round_killed_everywhere(app, clock) > 10
    for _ in range(3):
        assert write_due(app) == []
        clock.time += timedelta(days=1)
    with app.database.connect() as connection:
        t, m = sequence_steps.c, sequence_members.c
        got = Counter(connection.scalars(select(t.step).where(t.send_id.is_not(None))))
        assert got == {"hello": 3, "quay": 3, "boat": 1, "tide": 1}
        assert set(connection.scalars(select(m.state))) == {"finished"}
        # A letter for each, a delivery for each letter, and chunks that add up.
        number = sum(got.values())
        assert connection.scalar(select(func.count()).select_from(deliveries)) == number
        assert connection.scalar(select(func.sum(chunks.c.queued))) == number
        assert connection.scalar(select(func.sum(sends.c.candidates))) == number
        assert connection.scalar(select(func.count()).select_from(sends)) == 4
