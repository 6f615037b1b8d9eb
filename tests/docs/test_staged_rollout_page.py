"""The page about sending to some first is followed, by a server that knows nobody of the first one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from test_moving_pages import ROOT, steps

from mailer.domain.outcome import Stage
from mailer.domain.rollout import Rollout
from mailer.domain.stop_condition import SYNTAX, Judged
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

PAGE = ROOT / "docs" / "how-to" / "staged-rollout.md"


def refuse_one(stage: Stage, count: int) -> str | None:
    return "550 5.1.1 No such user here" if stage is Stage.RCPT and count == 1 else None


@pytest.mark.peers
def test_the_page_about_stages_can_be_followed(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    with rehearsal(ScriptedServer(refuse_one)) as server:
        workspace = Workspace(
            tmp_path, {"DATABASE_URL": "sqlite:///mailer.db", "SMTP_PORT": str(server.port)}
        )
        workspace.settings["POSTAL_ADDRESS"] = "1 Quay Street, Port Example"
        workspace.run("lists", "create", "weekly")
        workspace.people(30)
        workspace.issue(name="harbour.md")
        (plan, _), (status, _), (resume, _), (schedule, _) = steps("staged-rollout.md")
        assert "  stage 3 of 3: 27 people" in workspace.run(*shlex.split(plan)[1:]).stderr
        # Of thirty the first stage is one, of whom nobody is known there.
        send = [word for word in shlex.split(plan)[1:] if word != "--dry-run"]
        done = workspace.run(*send, "--yes", expect=3)
        assert "stopped by itself (failed > 3%: 1 of 1 (100.00%))" in done.stdout
        assert "mailer resume harbour" in workspace.run(*shlex.split(status)[1:]).stdout
        assert "stopped by itself" in workspace.run(*send, "--yes", expect=3).stderr
        assert "29 to send" in workspace.run(*shlex.split(resume)[1:]).stdout
        workspace.run("cancel", "harbour", "--yes")
        workspace.issue(name="quay.md")
        done = workspace.run(*shlex.split(schedule.replace("harbour", "quay"))[1:])
        assert done.stdout.startswith("Schedule 1: quay to list weekly")
        (kept,) = workspace.data("schedule", "list")
        assert kept["rollout"]["shares"] == [1, 10, 100]


def test_the_plan_on_the_page_is_the_program_s() -> None:
    shown = "\n".join(f"  {line}" for line in Rollout.parse("1%,10%,100%").lines(1200))
    assert f"```text\n{shown}\n```" in PAGE.read_text(encoding="utf-8")


def test_the_page_names_all_that_a_condition_may() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == set(Judged)
    assert SYNTAX.partition(": ")[2] in text
