"""A workspace whose people and ledger are on a PostgreSQL server, worked as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from postgresql import PASSWORD, Server, programs

from mailer.sandbox.scripted_server import ScriptedServer


@pytest.fixture
def workspace(tmp_path: Path, founded: Path, postgresql: Server) -> Workspace:
    """One that was moved there, to a database of a user who has a password; two people are on its list."""
    workspace = Workspace(shutil.copytree(founded, tmp_path / "workspace"), {"SMTP_PORT": "1"})
    url = postgresql.database("template0")
    name = url.partition("@/")[2].partition("?")[0]
    postgresql.run(f"ALTER DATABASE {name} OWNER TO careful")
    url = url.replace("postgres@", f"careful:{PASSWORD}@")
    workspace.run("db", "move", url)
    (workspace.root / "database-url").write_text(url)
    workspace.settings["DATABASE_URL_FILE"] = "database-url"
    workspace.people(2)
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
    before = workspace.run("subscribers", "export").stdout
    by_hand(workspace, next_step(workspace, "backup", "monday's.dump"))
    workspace.run("subscribers", "add", "late@quay.example", "--list", "weekly")
    assert "late@quay.example" in workspace.run("subscribers", "list").stdout
    by_hand(workspace, next_step(workspace, "restore", "monday's.dump"))
    assert workspace.run("subscribers", "export").stdout == before


def test_a_backup_from_the_middle_of_a_send_mails_nobody_twice(
    workspace: Workspace, server: ScriptedServer
) -> None:
    workspace.people(300)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "100", expect=75)
    by_hand(workspace, next_step(workspace, "backup", "monday.dump"))
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "100", expect=75)
    by_hand(workspace, next_step(workspace, "restore", "monday.dump"))
    workspace.run("send-issue", "harbour", "--yes", "-q", "--workers", "2")
    recipients = [message.recipients[0] for message in server.taken]
    assert len(set(recipients)) == len(recipients) == 300
    verified = workspace.data("verify", "harbour")[0]
    assert (verified["clean"], verified["states"]["accepted"]) == (True, 300)


def test_a_send_that_was_moved_in_its_middle_goes_on(workspace: Workspace, server: ScriptedServer) -> None:
    workspace.people(300)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "100", expect=75)
    workspace.run("db", "move", "sqlite:///subscribers/back.db")
    workspace.settings |= {"DATABASE_URL": "sqlite:///subscribers/back.db"}
    workspace.run("send-issue", "harbour", "--yes", "-q")
    recipients = [message.recipients[0] for message in server.taken]
    assert len(set(recipients)) == len(recipients) == 300
    assert workspace.data("verify", "harbour")[0]["clean"]


def test_what_was_done_and_what_is_there_is_said_without_the_password(workspace: Workspace) -> None:
    done = workspace.run("db", "upgrade")
    assert "is at revision" in done.stdout
    told = workspace.run("doctor", "--offline", expect=3)  # the server of the tests has fsync off
    assert "PostgreSQL" in told.stdout
    assert PASSWORD not in f"{done.stdout}{done.stderr}{told.stdout}{told.stderr}"


def test_a_rehearsal_is_with_a_copy(workspace: Workspace) -> None:
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
