"""What is in `deploy/` for cron and for systemd drives a send, as far as there can be either of them here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from harbour_workspace import Workspace

from mailer.sandbox.scripted_server import ScriptedServer

DEPLOY = Path(__file__).parents[2] / "deploy"
LATER = "2099-12-01 08:00"
# What neither of them gives to a command: all of it has to stand in the workspace.
BARE = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}


@pytest.fixture
def due(workspace: Workspace, server: ScriptedServer) -> Workspace:
    """A workspace whose settings stand in its .env, with an issue that is due."""
    with (workspace.root / ".env").open("a") as file:
        file.write(f"SMTP_PORT={server.port}\n")
    workspace.people(3)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        database.execute("UPDATE schedules SET due_at = strftime('%Y-%m-%dT%H:%M:%fZ')")
    return workspace


def here(line: str, workspace: Workspace) -> str:
    """Return a command of `deploy/` for this machine: where mailer and the workspace are."""
    line = line.replace("/srv/mailer/.venv/bin/mailer", f"{sys.executable} -m mailer")
    return line.replace("/srv/gazette", str(workspace.root))


def test_a_tick_of_the_timer_sends_what_is_due(due: Workspace, server: ScriptedServer) -> None:
    unit = (DEPLOY / "mailer-tick.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)", unit, re.MULTILINE)
    (good,) = re.findall(r"^SuccessExitStatus=(.*)", unit, re.MULTILINE)
    for codes in ({0}, {0, int(good)}):
        done = subprocess.run(
            shlex.split(here(command, due)), env=BARE, cwd="/", capture_output=True, check=False
        )
        assert done.returncode in codes, done.stderr
    assert len(server.taken) == 3


def test_the_service_is_ready_sends_lives_and_stops(
    due: Workspace, server: ScriptedServer, tmp_path: Path
) -> None:
    unit = (DEPLOY / "mailer.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)", unit, re.MULTILINE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(120)
        environment = BARE | {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "2000000"}
        main = subprocess.Popen(shlex.split(here(command, due)), env=environment, cwd="/")

        def hear(word: bytes) -> None:
            while word not in systemd.recv(1000):
                pass

        hear(b"READY=1")
        assert len(server.taken) == 3
        hear(b"WATCHDOG=1")
        main.send_signal(signal.SIGTERM)
        hear(b"STOPPING=1")
        assert main.wait(120) == 0


@contextmanager
def cron(table: str, tmp_path: Path) -> Iterator[None]:
    """Run Debian's cron with a table of root's, and nothing else that it might find on this machine."""
    if os.geteuid() != 0 or shutil.which("cron") is None:
        pytest.skip("it takes root and cron; on Debian: apt-get install cron")
    spool, rest = tmp_path / "spool", tmp_path / "rest"
    for folder in (spool, rest):
        folder.mkdir()
    (spool / "root").write_text(table)
    (spool / "root").chmod(0o600)
    mounts = [
        f"mount --bind {spool} /var/spool/cron/crontabs",
        f"mount --bind {rest} /etc/cron.d",
        "mount --bind /dev/null /etc/crontab",
        "mount -t tmpfs none /run",
    ]
    alone = ["unshare", "--mount", "sh", "-c", f"{' && '.join(mounts)} && exec cron -f"]
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("folders can't be mounted here")
    running = subprocess.Popen(alone)
    try:
        yield
    finally:
        running.terminate()
        running.wait()


def test_cron_sends_what_is_due(due: Workspace, server: ScriptedServer, tmp_path: Path) -> None:
    table = (DEPLOY / "crontab").read_text()
    (line,) = re.findall(r"^\* \* \* \* \* .*", table, re.MULTILINE)
    # It would come within a minute; at its start it comes at once.
    table = here(table.replace(line, line.replace("* * * * *", "@reboot")), due)
    path = f"PYTHONPATH={BARE['PYTHONPATH']}\n" if BARE["PYTHONPATH"] else ""
    with cron(path + table, tmp_path):
        while len(server.taken) < 3:
            time.sleep(0.05)
        while due.data("schedule", "list")[0]["state"] != "done":
            time.sleep(0.05)


def test_cron_takes_the_table(tmp_path: Path) -> None:
    if shutil.which("crontab") is None:
        pytest.skip("crontab is not here; on Debian: apt-get install cron")
    for table, code in (((DEPLOY / "crontab").read_text(), 0), ("* * * * mailer tick\n", 1)):
        (tmp_path / "table").write_text(table)
        judged = subprocess.run(["crontab", "-n", str(tmp_path / "table")], capture_output=True, check=False)
        assert judged.returncode == code, judged.stderr
