"""A workspace to preview issues of, with people if a test asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import browser as browser
from harbour_issue import HARBOUR, PEOPLE, add_people

from mailer.bootstrap import App


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace without a database."""
    (tmp_path / "issues").mkdir()
    (tmp_path / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n")
    (tmp_path / "issues" / "2026-11-22-harbour.md").write_text(HARBOUR, encoding="utf-8")
    return tmp_path


@pytest.fixture
def app(root: Path) -> App:
    """The workspace `root`, whatever the environment says."""
    return App(root, {})


@pytest.fixture
def peopled(app: App) -> App:
    """The workspace with a list of three, one of them without a name."""
    add_people(app, PEOPLE)
    return app
