"""A workspace with people and a server to send to."""

from __future__ import annotations

import shutil

import pytest
from harbour_workspace import Workspace

from mailer.sandbox.scripted_server import ScriptedServer, rehearsal


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    """A folder to copy: its database is migrated once, not for each test."""
    root = tmp_path_factory.mktemp("founded") / "workspace"
    (root / "issues").mkdir(parents=True)
    (root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n")
    made = Workspace(root, {"SMTP_PORT": "1"})
    made.run("lists", "create", "weekly", "--title", "Harbour Gazette")
    made.issue()
    return root


@pytest.fixture
def workspace(tmp_path, founded):
    """A workspace with an empty list and one issue."""
    return Workspace(shutil.copytree(founded, tmp_path / "workspace"), {"SMTP_PORT": "1"})


@pytest.fixture
def server(workspace, tmp_path):
    """A mail server that the workspace is set to; its script may be changed."""
    with rehearsal(ScriptedServer(log=tmp_path / "accepted.log")) as running:
        workspace.settings["SMTP_PORT"] = str(running.port)
        yield running


@pytest.fixture
def begun(workspace, server):
    """A send of which four of ten have got their copy."""
    workspace.people(10)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", 4, expect=75)
    return workspace
