"""The page about what comes back is followed, command by command, with a mailbox of Dovecot."""

from __future__ import annotations

import re
import shlex
import signal
import smtplib
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from dovecot import DovecotServer, dovecot_server
from harbour_workspace import Workspace
from returned_mail import BLOCKED, HARD, REPLY, SOFT, bounce, other

from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

pytestmark = pytest.mark.peers
PAGE = (Path(__file__).parents[2] / "docs/how-to/bounces.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTINGS = dict(
    line.split("=", 1)
    for language, block in BLOCK.findall(PAGE)
    if not language
    for line in block.splitlines()
    if re.match(r"[A-Z0-9_]+=", line)
)
COMMANDS = [
    shlex.split(line[2:], comments=True)[1:]
    for language, block in BLOCK.findall(PAGE)
    if language == "console"
    for line in block.splitlines()
]
PIPE = re.search(r'^"\|mailer (.*)"$', PAGE, re.MULTILINE)


def returned(paths: list[str]) -> list[bytes]:
    """What comes back of the copies that went to these return paths: some of each kind."""
    kinds = (HARD, SOFT, BLOCKED)
    bounces = [bounce(path, f"reader{n}@inbox.example", kinds[n]) for n, path in enumerate(paths[:3])]
    return [*bounces, other(REPLY, paths[3], "reader3@inbox.example")]


def follow(workspace: Workspace, command: list[str], dovecot: DovecotServer, paths: list[str]) -> str:
    """Run one command of the page; return what it says."""
    match command:
        case ["returns", "read", "/var/mail/bounces/Maildir"]:
            maildir = workspace.root / "Maildir"
            for name in ("tmp", "new", "cur"):
                (maildir / name).mkdir(parents=True)
            (maildir / "new/1").write_bytes(bounce(paths[4], "reader4@inbox.example"))
            return workspace.run("returns", "read", maildir).stderr
        case ["returns", "listen", "--socket", _]:
            place = workspace.root / "lmtp"
            running = workspace.start("returns", "listen", "--socket", str(place))
            assert running.stderr and "by LMTP" in running.stderr.readline()
            with closing(smtplib.LMTP(str(place))) as client:
                client.sendmail("", [paths[5]], bounce(paths[5], "reader5@inbox.example"))
            running.send_signal(signal.SIGTERM)
            return running.communicate(timeout=120)[1]
        case ["returns", "read", "--explain", "bounce.eml"]:
            (workspace.root / "bounce.eml").write_bytes(bounce(paths[0], "reader0@inbox.example"))
            return workspace.run(*command).stdout
        case _:
            return workspace.run(*command).stdout


def test_the_page_about_bounces_can_be_followed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "gazette", {})
    (workspace.root / "issues").mkdir(parents=True)
    (workspace.root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street\nSECRET_KEY=not-so-secret\n")
    said = {name: value for name, value in SETTINGS.items() if not name.startswith("IMAP_")}
    assert {"MAIL_RETURN_PATH", "IMAP_HOST", "IMAP_USERNAME", "IMAP_PASSWORD"} <= SETTINGS.keys()
    workspace.settings |= said | {"MAIL_FROM": "editor@news.example"}
    workspace.run("lists", "create", "weekly", "--title", "Harbour Gazette")
    workspace.issue()
    workspace.people(8)
    with rehearsal(ScriptedServer(log=tmp_path / "accepted.log")) as server, dovecot_server() as dovecot:
        workspace.settings["SMTP_PORT"] = str(server.port)
        workspace.run("send-issue", "harbour", "--yes", "-q")
        paths = [each.sender for each in sorted(server.taken, key=lambda each: each.recipients)]
        dovecot.deliver(*returned(paths))
        workspace.settings |= dovecot.settings("IMAP", dovecot.imaps)
        assert "hard 1" in workspace.run("returns", "fetch").stderr
        # What was understood is marked as seen; what people wrote stays as it was.
        assert sorted(name.endswith("S") for name in dovecot.messages()) == [False, True, True, True]
        told = [follow(workspace, command, dovecot, paths) for command in COMMANDS]
        assert len(told) >= 6
        assert all(told[:-1])
    assert PIPE
    words = shlex.split(PIPE[1].replace("/srv/gazette", str(workspace.root)))
    for message in (
        bounce(paths[6], "reader6@inbox.example"),
        other(REPLY, paths[7], "reader7@inbox.example"),
    ):
        piped = subprocess.run(
            [sys.executable, "-m", "mailer", *words], input=message, env=workspace.environment(), check=True
        )
        assert piped.returncode == 0
    assert len(list((workspace.root / "returned/new").iterdir())) == 1
    suppressed = workspace.run("suppressions", "list").stdout
    assert set(re.findall(r"reader\d", suppressed)) == {f"reader{n}" for n in (0, 4, 5, 6)}
    assert "soft" in workspace.run("why", "reader1@inbox.example").stdout
