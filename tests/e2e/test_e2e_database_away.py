"""`mailer run` while its database is away: it says so once, waits, and goes on; nobody is mailed twice."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import daemon
from harbour_workspace import Workspace
from postgresql import Server

from mailer.sandbox.scripted_server import ScriptedServer


def test_a_file_that_is_moved_away_is_waited_for_and_said_once(
    workspace: Workspace, server: ScriptedServer
) -> None:
    workspace.people(3)
    file = workspace.root / "subscribers" / "mailer.db"
    with daemon(workspace) as run:
        run.until("Looking for due issues")
        file.rename(file.with_suffix(".away"))
        run.until("mailer.db is gone")
        time.sleep(1)  # in which it looks again and again
        file.with_suffix(".away").rename(file)
        run.until("The database is there again")
        workspace.run("schedule", "add", "harbour", "--at", "in 1s")
        run.until("accepted 3")
    said = run.said
    assert said.count("Error:") == 1
    assert "next: it is waited for: `mailer run` goes on by itself" in said
    assert len(server.taken) == 3


def test_what_is_no_database_ends_it_at_once(workspace: Workspace) -> None:
    (workspace.root / "subscribers" / "mailer.db").write_bytes(b"The tide is high." * 100)
    assert "is not a database" in workspace.run("run", expect=2).stderr


class Door:
    """A way to a server that can be shut: who came by it is sent away, and nobody gets in."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._name = f".s.PGSQL.{server.port}"
        self._database = server.database()
        self.open()

    @property
    def url(self) -> str:
        return self._database.replace(str(self._server.folder).replace("/", "%2F"), str(self._folder))

    def open(self) -> None:
        (self._folder / self._name).symlink_to(self._server.folder / self._name)

    def shut(self) -> None:
        (self._folder / self._name).unlink()
        name = self._database.partition("@/")[2].partition("?")[0]
        self._server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


@pytest.fixture
def door(tmp_path: Path, postgresql: Server) -> Iterator[Door]:
    folder = Path("/tmp") / f"door-{os.getpid()}"  # a socket's name may not be long
    folder.mkdir()
    yield Door(postgresql, folder)
    shutil.rmtree(folder)


def test_a_server_that_is_away_in_a_send_and_after_it_is_waited_for(
    workspace: Workspace, server: ScriptedServer, door: Door
) -> None:
    workspace.settings["DATABASE_URL"] = door.url
    workspace.run("lists", "create", "weekly")
    workspace.people(1500)
    with daemon(workspace) as run:
        workspace.run("schedule", "add", "harbour", "--at", "in 1s")
        while len(server.taken) < 100:
            time.sleep(0.005)
        door.shut()
        run.until("can't be reached")
        door.open()
        run.until("accepted 1,500")
        door.shut()
        run.until("it is waited for")
        door.open()
        run.until("The database is there again")
        # It has said anew that it is at work.
        assert [each["command"] for each in workspace.data("machines")] == ["run"]
    assert len(server.taken) == len({each.recipients[0] for each in server.taken}) == 1500
    assert workspace.data("verify", "harbour")[0]["clean"]
