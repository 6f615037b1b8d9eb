"""For workspaces on a clock of the test's own: that clock, and the server that they mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from standing_clock import Clock

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
