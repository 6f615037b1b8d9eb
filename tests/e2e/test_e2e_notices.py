"""Whoever runs the program is told beside the work: no webhook that hangs keeps anybody waiting."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest
from daemon import daemon
from harbour_workspace import Workspace, children
from test_e2e_cluster import end, until
from web_site import LOOPBACK, Page, web_site

from mailer.bootstrap import App
from mailer.services.notices import note_test

pytestmark = pytest.mark.peers


def told(workspace: Workspace, address: str) -> None:
    """Have the workspace tell notices by a webhook there."""
    secret = "whsec_" + "A" * 43 + "="
    workspace.settings |= {"NOTICE_WEBHOOK": address, "NOTICE_SECRET": secret, "NOTICE_NETWORKS": LOOPBACK}


def holds(pid: int, port: int) -> bool:
    """Return whether a process holds the socket with this port on its side."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {f"socket:[{each[9]}]" for each in lines if each[1].endswith(f":{port:04X}")}
    assert ours
    return bool(ours & {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()})


def test_run_itself_never_waits_for_a_webhook(workspace, server):
    workspace.people(1)
    with socket.create_server(("127.0.0.1", 0)) as hook:
        told(workspace, f"http://127.0.0.1:{hook.getsockname()[1]}/hook")
        workspace.run("schedule", "add", "harbour", "--at", "in 1s")
        with daemon(workspace) as running:
            hook.settimeout(120)
            waiting, (_, port) = hook.accept()
            with waiting:
                by = [each for each in children(running.process.pid) if holds(each, port)]
                assert len(by) == 1
                assert not holds(running.process.pid, port)
                assert b"send.finished" in waiting.recv(100_000)
                waiting.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                assert waiting.recv(1) == b""
    (notice,) = workspace.data("notices", "list")
    (attempt,) = notice["attempts"]
    assert "204" in attempt["words"]
    assert len(server.taken) == 1


def test_pages_have_letters_sent_while_a_webhook_hangs(workspace, server):
    workspace.run("lists", "set", "weekly", "--public")
    workspace.settings["BASE_URL"] = "http://127.0.0.1:8000"
    with socket.create_server(("127.0.0.1", 0)) as hook:
        told(workspace, f"http://127.0.0.1:{hook.getsockname()[1]}/hook")
        app = App(workspace.root, workspace.environment())
        note_test(app)
        app.let_go()
        serving = workspace.start("serve", "--port", "0")
        try:
            found = re.search(r"Serving on (\S+)/\.", serving.stderr.readline())
            assert found
            hook.settimeout(120)
            waiting, (_, port) = hook.accept()
            with waiting:
                (telling,) = [each for each in children(serving.pid) if holds(each, port)]
                os.kill(telling, signal.SIGSTOP)  # it hangs, and has no patience that could end
                joining = httpx.post(f"{found[1]}/join/weekly", data={"email": "ada@inbox.example"})
                joining.raise_for_status()
                until(lambda: server.taken, serving)
                (notice,) = workspace.data("notices", "list")
                assert [each["words"] for each in notice["attempts"]] == [None]
                os.kill(telling, signal.SIGCONT)
        finally:
            end(serving)


def test_workers_alone_tell_and_once_however_many_they_are(workspace, postgresql):
    workspace.settings["DATABASE_URL"] = postgresql.database()
    with web_site() as site:
        site.pages["/hook"] = Page(status=204)
        told(workspace, site.at("/hook"))
        app = App(workspace.root, workspace.environment())
        note_test(app)
        app.let_go()
        working = [workspace.start("work", "--workers", "1") for _ in range(2)]
        try:
            until(lambda: site.posted, *working)
        finally:
            for each in working:
                end(each)
        (notice,) = workspace.data("notices", "list")
        assert [each["state"] for each in notice["ways"]] == ["told"]
        assert (len(notice["attempts"]), len(site.posted)) == (1, 1)
