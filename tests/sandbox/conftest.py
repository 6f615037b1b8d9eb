from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.sandbox.process import Sandbox, running_sandbox

sys.path.insert(0, str(Path(__file__).parent.parent))  # for tests/browser.py
from browser import browser as browser


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of one test's own, in a process of its own."""
    with running_sandbox(tmp_path / "inbox") as running:
        yield running
