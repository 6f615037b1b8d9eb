"""The pages about the clock are followed, command by command; what they show of `deploy/` is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from harbour_workspace import Workspace
from test_moving_pages import ROOT, steps

pytestmark = pytest.mark.peers

DEPLOY = ROOT / "deploy"
HOW_TO = ROOT / "docs" / "how-to"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One with an issue, a list, and Ada on it."""
    (tmp_path / "issues").mkdir()
    settings = {
        "DATABASE_URL": "sqlite:///mailer.db",
        "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        "SECRET_KEY": "a key of the harbour",
        "BASE_URL": "http://127.0.0.1:8000",
        "TZ": "Europe/Lisbon",
    }
    made = Workspace(tmp_path, settings)
    made.run("lists", "create", "weekly")
    made.run("subscribers", "add", "ada@quay.example", "--list", "weekly")
    made.issue()
    return made


def follow(workspace: Workspace, page: str) -> dict[str, str]:
    """Type the commands of a page, for tomorrow where it names a day; return what each printed."""
    said = {}
    for command, _ in steps(page):
        typed = shlex.split(command.replace("2026-12-01", TOMORROW))
        assert typed[0] == "mailer"
        done = workspace.run(*typed[1:])
        said[command] = done.stdout + done.stderr
    return said


def test_the_page_about_issues_that_recur(workspace: Workspace) -> None:
    text = (HOW_TO / "recurring-issues.md").read_text(encoding="utf-8")
    (setting,) = re.findall(r"^```text\n(\w+)=(\w+)\n```", text, re.MULTILINE)
    workspace.settings[setting[0]] = setting[1]
    said = follow(workspace, "recurring-issues.md")
    assert "with issues/2026-11-22-harbour.md" in next(iter(said.values()))
    assert said["mailer schedule list --calendar"].count("the next of issues to list weekly") == 10
    assert said["mailer schedule address"].startswith("http://127.0.0.1:8000/calendar/")
    assert said["mailer schedule remove 1"] == "Removed schedule 1.\n"
    assert "the next of issues to list weekly" in workspace.run("schedule", "list").stdout
    for cron in re.findall(r"`(\d[\d,]* [^`]*)`", text):
        added = workspace.run("schedule", "add", "--folder", "issues", "--cron", cron, "--list", "weekly")
        workspace.run("schedule", "remove", added.stdout.split()[1].rstrip(":"))


def test_the_page_about_local_time(workspace: Workspace) -> None:
    said = list(follow(workspace, "local-time.md").values())
    assert f"{TOMORROW} 09:00 where each reader is" in said[0]
    assert f"{TOMORROW} 09:00 where each reader is, begins" in workspace.run("schedule", "show", "1").stdout
    assert f"{TOMORROW} 03:15 UTC  1" in said[2]  # Ada is in Kathmandu by then


def test_the_page_about_cron(workspace: Workspace) -> None:
    page = (HOW_TO / "send-by-cron.md").read_text(encoding="utf-8")
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if not line.startswith("#")]
    assert "```text\n" + "\n".join(lines) + "\n```" in page
    (workspace.root / ".env").write_text(
        "".join(f"{name}={each}\n" for name, each in workspace.settings.items())
    )
    (by_hand,) = (command for command, _ in steps("send-by-cron.md") if command.startswith("env"))
    assert by_hand.removeprefix("env -i ") == lines[1].removeprefix("* * * * * ")
    here = {
        "/srv/mailer/.venv/bin/mailer": f"{sys.executable} -m mailer",
        "/srv/gazette": str(workspace.root),
    }
    for there, path in here.items():
        by_hand = by_hand.replace(there, path)
    by_hand = by_hand.replace("env -i", f"env -i PYTHONPATH={ROOT}")
    done = subprocess.run(shlex.split(by_hand), capture_output=True, text=True, cwd="/", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", ["send-by-cron.md", "run-as-a-service.md", "run-in-containers.md"])
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    named = set(re.findall(r"deploy/([\w-]+(?:\.\w+)?)", (HOW_TO / page).read_text(encoding="utf-8")))
    made_by_hand = {"gazette", "secrets"}
    assert {name for name in named - made_by_hand if not (DEPLOY / name).is_file()} == set()
    assert named - made_by_hand


def test_the_page_about_containers_makes_what_compose_asks_for() -> None:
    page = (HOW_TO / "run-in-containers.md").read_text(encoding="utf-8")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for secret in compose["secrets"].values():
        assert f"> deploy/{secret['file']}" in page
    service = re.findall(r"run --rm (\w+) lists create", page)
    assert set(service) <= set(compose["services"])
    made = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}
    assert set(re.findall(r"--from-literal=(\w+)=", page)) == set(made["Secret"]["stringData"])
