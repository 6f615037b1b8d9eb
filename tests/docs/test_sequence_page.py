"""The page about sequences is followed: files are written, and commands typed, as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from test_moving_pages import ROOT, steps

from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

PAGE = ROOT / "docs" / "how-to" / "sequences.md"
FILE = re.compile(r"`(sequences/\S+?)`[^`]*?\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.peers
def test_the_page_about_sequences_can_be_followed(tmp_path: Path) -> None:
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert len(list(tmp_path.rglob("*.*"))) == 4
    with rehearsal(ScriptedServer()) as server:
        settings = {
            "DATABASE_URL": "sqlite:///mailer.db",
            "SMTP_PORT": str(server.port),
            "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        }
        workspace = Workspace(tmp_path, settings)
        workspace.run("lists", "create", "weekly")
        workspace.run("subscribers", "add", "ada@quay.example", "--list", "weekly")
        told = [workspace.run(*shlex.split(command)[1:]).stdout for command, _ in steps("sequences.md")]
        assert len(server.taken) == 1
    preview, elsewhere, check, activate, start, tick, status, person, *_ = told
    assert re.search(r" 1  .* 09:00  tides  ", preview)
    assert "Sat 2026-03-28 09:00  tides" in elsewhere
    assert "nothing to find fault with in 01-welcome" in check
    assert activate.startswith("In force: onboarding · list weekly · begins by confirmation")
    assert start == "1 person begins onboarding.\n"
    assert "accepted 1" in tick
    assert "welcome       1          0" in status
    assert "welcome: accepted" in person
