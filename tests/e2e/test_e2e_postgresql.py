"""A workspace whose people and ledger are on a PostgreSQL server, worked as a person would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from postgresql import PASSWORD, Server, programs


@pytest.fixture
def workspace(tmp_path: Path, postgresql: Server) -> Workspace:
    """Two people on a list, by a user who has a password."""
    url = postgresql.database("template0")
    name = url.partition("@/")[2].partition("?")[0]
    postgresql.run(f"ALTER DATABASE {name} OWNER TO careful")
    url = url.replace("postgres@", f"careful:{PASSWORD}@")
    (tmp_path / "database-url").write_text(url)
    workspace = Workspace(tmp_path, {"DATABASE_URL_FILE": "database-url"})
    workspace.run("lists", "create", "weekly")
    workspace.people(2)
    (tmp_path / "issues").mkdir()
    return workspace


def next_step(workspace: Workspace, *arguments: str) -> str:
    refused = workspace.run(*arguments, expect=2)
    assert PASSWORD not in refused.stderr
    return refused.stderr.partition("next: ")[2].strip()


def by_hand(workspace: Workspace, command: str) -> None:
    path = f"{programs()}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PGPASSWORD": PASSWORD}
    subprocess.run(command, shell=True, check=True, env=environment, cwd=workspace.root)


def test_the_commands_that_are_named_make_a_backup_and_bring_it_back(workspace: Workspace) -> None:
    before = workspace.run("subscribers", "list", "--csv").stdout
    by_hand(workspace, next_step(workspace, "backup", "monday's.dump"))
    workspace.run("subscribers", "add", "late@quay.example", "--list", "weekly")
    assert "late@quay.example" in workspace.run("subscribers", "list").stdout
    by_hand(workspace, next_step(workspace, "restore", "monday's.dump"))
    assert workspace.run("subscribers", "list", "--csv").stdout == before


def test_what_was_done_and_what_is_there_is_said_without_the_password(workspace: Workspace) -> None:
    done = workspace.run("db", "upgrade")
    assert "is at revision" in done.stdout
    told = workspace.run("doctor", "--offline", expect=3)  # the server of the tests has fsync off
    assert "PostgreSQL" in told.stdout
    assert PASSWORD not in f"{done.stdout}{done.stderr}{told.stdout}{told.stderr}"


def test_a_rehearsal_is_with_a_copy(workspace: Workspace) -> None:
    workspace.issue()
    done = workspace.run("rehearse", "issues/2026-11-22-harbour.md")
    assert "2 got exactly one copy" in done.stdout
    assert workspace.data("status") == []


def test_a_server_that_is_away_ends_with_75(workspace: Workspace) -> None:
    (workspace.root / "database-url").write_text(
        f"postgresql://careful:{PASSWORD}@localhost/mailer?host={workspace.root}&port=5432"
    )
    ended = workspace.run("subscribers", "list", expect=75)
    assert "can't be reached" in ended.stderr
    assert PASSWORD not in ended.stderr
