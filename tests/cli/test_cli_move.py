"""mailer db move, as typed: a workspace goes to PostgreSQL and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from harbour_workspace import Workspace
from postgresql import PASSWORD, Server

from mailer.store.database import open_database
from mailer.store.schema import metadata

pytestmark = pytest.mark.peers


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.run("lists", "create", "weekly")
    workspace.people(5)
    workspace.run("subscribers", "unsubscribe", "reader1@inbox.example", "--all")
    return workspace


def state(workspace: Workspace) -> object:
    return [workspace.run(*each).stdout for each in (["subscribers", "export"], ["lists", "list"])]


def test_it_goes_there_and_comes_back(workspace: Workspace, postgresql: Server) -> None:
    before = state(workspace)
    kept = workspace.root / "subscribers/mailer.db.journals/kept/20261123-harbour"
    kept.parent.mkdir(parents=True)
    kept.write_text("a journal")
    there = postgresql.database("template0").replace("postgres@", f"postgres:{PASSWORD}@")
    told = workspace.run("db", "move", there).stdout
    lines = {line.split()[0]: line.split() for line in told.splitlines() if line}
    assert {name: lines[name][1] for name in ("lists", "subscribers", "subscriptions")} == {
        "lists": "1",
        "subscribers": "5",
        "subscriptions": "5",
    }
    assert set(lines) > set(metadata.tables)
    assert f"DATABASE_URL={there.replace(PASSWORD, '***')}" in told
    assert PASSWORD not in told
    assert "Journals copied: 1." in told
    assert (workspace.root / "subscribers/mailer.journals/kept/20261123-harbour").read_text() == "a journal"
    assert state(workspace) == before

    workspace.settings["DATABASE_URL"] = there
    assert state(workspace) == before
    workspace.run("subscribers", "add", "late@quay.example", "--list", "weekly")
    changed = state(workspace)
    workspace.run("db", "move", "sqlite:///subscribers/back.db")
    workspace.settings["DATABASE_URL"] = "sqlite:///subscribers/back.db"
    assert changed == state(workspace) != before


def test_what_is_in_use_is_not_moved(workspace: Workspace, postgresql: Server) -> None:
    target = postgresql.database()
    database = open_database(target, workspace.root)
    with database.presence(workspace.root / "journals").at_work("run"):
        refused = workspace.run("db", "move", target, expect=2)
    database.dispose()
    assert "is in use: mailer run (process " in refused.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///subscribers/mailer.db", "is the database that this workspace has already"),
        ("mysql://writer:canary@db.example/mailer", "only SQLite and PostgreSQL"),
    ],
)
def test_where_nothing_can_go_is_refused(workspace: Workspace, url: str, says: str) -> None:
    refused = workspace.run("db", "move", url, expect=2)
    assert says in refused.stderr
    assert "canary" not in refused.stderr


def test_where_there_is_nothing_nothing_is_moved(tmp_path: Path) -> None:
    refused = Workspace(tmp_path).run("db", "move", "sqlite:///other.db", expect=2)
    assert "there is no database to move yet" in refused.stderr
    assert not (tmp_path / "other.db").exists()
