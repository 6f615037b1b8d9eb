"""Who looks after `mailer run` from outside asks at RUN_LISTEN."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from daemon import daemon
from harbour_workspace import Workspace, children
from postgresql import free_port

from mailer.sandbox.scripted_server import ScriptedServer


@pytest.fixture
def place(workspace: Workspace) -> str:
    """Where it answers."""
    workspace.settings["RUN_LISTEN"] = f"127.0.0.1:{free_port()}"
    return f"http://{workspace.settings['RUN_LISTEN']}"


def until_fit(place: str) -> None:
    while True:
        try:
            if httpx.get(f"{place}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)


def test_it_answers_whatever_becomes_of_who_answers_and_ends_with_the_run(
    workspace: Workspace, server: ScriptedServer, place: str
) -> None:
    workspace.people(2)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    with daemon(workspace) as run:
        until_fit(place)
        assert 'mailer_deliveries{kind="issue",state="accepted"} 2.0' in httpx.get(f"{place}/metrics").text
        (beside,) = children(run.process.pid)
        os.kill(beside, signal.SIGKILL)
        until_fit(place)
        (another,) = children(run.process.pid)
        assert another != beside
        run.process.send_signal(signal.SIGHUP)  # which has it begin anew, on the same port
        while run.said.count("Looking for due issues") < 2:
            time.sleep(0.02)
        until_fit(place)
        (beside,) = children(run.process.pid)
        run.process.kill()
        run.process.wait()
        while Path(f"/proc/{beside}").exists() and "Z" not in Path(f"/proc/{beside}/stat").read_text():
            time.sleep(0.02)


def test_a_port_that_is_taken_is_said_at_once(workspace: Workspace, server: ScriptedServer) -> None:
    workspace.settings["RUN_LISTEN"] = f"127.0.0.1:{server.port}"
    refused = workspace.run("run", expect=2).stderr
    assert f"port {server.port} on 127.0.0.1 is in use by another program" in refused
    assert "choose another port with RUN_LISTEN" in refused
    workspace.settings["RUN_LISTEN"] = "9464"
    assert "write it like 127.0.0.1:9464" in workspace.run("run", expect=2).stderr
