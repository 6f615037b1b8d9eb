"""An issue whose file gets another name after it was sent: nobody has it twice by that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from harbour_workspace import ISSUE

from mailer.domain.moment import utc_text


def renamed(workspace):
    file = workspace.root / "issues" / "2026-11-22-harbour.md"
    return file.rename(file.with_name("2026-11-23-clock.md"))


def make_due(workspace) -> None:
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        database.execute("UPDATE schedules SET due_at = ?", [utc_text(datetime.now(UTC))])


@pytest.mark.parametrize(
    "command",
    [
        ("send-issue", "clock", "--yes"),
        ("send-issue", "clock", "--dry-run"),
        ("schedule", "add", "clock", "--at", "2099-01-01 08:00"),
    ],
    ids=" ".join,
)
def test_is_refused_until_it_is_said_what_it_is(workspace, server, command):
    workspace.people(3)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    file = renamed(workspace)
    refused = workspace.run(*command, expect=3).stderr
    assert "clock looks like harbour" in refused and "3 of 3 got it" in refused
    file.write_text(ISSUE.replace("---\n", "---\nslug: harbour\n", 1))
    workspace.run("send-issue", "clock", "--yes", "-q")
    assert len(server.taken) == 3


def test_is_not_begun_by_the_clock(workspace, server):
    workspace.people(3)
    workspace.issue(name="2026-11-23-clock.md")
    workspace.run("schedule", "add", "clock", "--at", "2099-01-01 08:00")
    workspace.run("send-issue", "harbour", "--yes", "-q")
    renamed(workspace)
    make_due(workspace)
    workspace.run("tick", expect=3)
    assert workspace.data("schedule", "list")[0]["state"] == "failed"
    assert len(server.taken) == 3


def test_is_refused_in_mid_send_whatever_its_text_is_by_now(begun, server):
    file = renamed(begun)
    file.write_text(ISSUE.replace("ice house", "lighthouse"))
    begun.run("lists", "create", "daily")
    begun.run("send-issue", "clock", "--yes", expect=3)
    both = "--list daily --list weekly"
    refused = begun.run("send-issue", "clock", *both.split(), "--yes", expect=3).stderr
    assert f"mailer send-issue clock {both} --again" in " ".join(refused.split())
    assert len(server.taken) == 4


def test_other_words_another_subject_or_a_file_that_is_there_are_another_issue(workspace, server):
    workspace.people(3)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    workspace.issue(name="2026-11-23-copy.md")
    workspace.run("send-issue", "copy", "--dry-run")
    file = renamed(workspace)
    for other in (ISSUE.replace("ice house", "lighthouse"), ISSUE.replace("The harbour clock", "The tide")):
        file.write_text(other)
        (workspace.root / "issues" / "2026-11-23-copy.md").unlink(missing_ok=True)
        workspace.run("send-issue", "clock", "--dry-run")


def test_again_sends_it_all_the_same(workspace, server):
    workspace.people(3)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    renamed(workspace)
    workspace.run("send-issue", "clock", "--yes", "-q", "--again")
    assert len(server.taken) == 6
