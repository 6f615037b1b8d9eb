"""For workspaces on a clock of the test's own: that clock, and the server that they mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from standing_clock import Clock, join, workspace

from mailer.bootstrap import App
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is set."""
    return Clock()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A mail server that takes everything."""
    with rehearsal(ScriptedServer()) as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    """A workspace on both of these, with the list `weekly`, which Ada reads."""
    made = workspace(tmp_path, database_url, clock, server)
    join(made, "ada")
    yield made
    made.let_go()
