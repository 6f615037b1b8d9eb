"""A restored backup knows from the journals beside it whom has been mailed since, or refuses to send."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime

import pytest

from mailer.domain.audience import Audience
from mailer.ledger.schedules import Schedules
from mailer.store.database import open_database


def recipients(server) -> list[str]:
    return [message.recipients[0] for message in server.taken]


@pytest.mark.parametrize("by_hand", [False, True], ids=["mailer restore", "copied by hand"])
def test_a_backup_from_the_middle_of_a_send_mails_nobody_twice(workspace, server, tmp_path, by_hand):
    workspace.people(300)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "100", expect=75)
    workspace.run("backup", tmp_path / "monday.db")
    assert (tmp_path / "monday.db").stat().st_mode & 0o077 == 0
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "100", expect=75)
    if by_hand:
        database = workspace.root / "subscribers" / "mailer.db"
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        shutil.copy(tmp_path / "monday.db", database)
    else:
        said = workspace.run("restore", tmp_path / "monday.db").stdout
        assert "100 messages were sent since the backup was taken" in said
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert len(set(recipients(server))) == len(server.taken) == 300
    verified = workspace.data("verify", "harbour")[0]
    assert verified["clean"]
    assert verified["states"]["accepted"] == 300


def test_a_send_that_was_killed_after_the_backup_is_settled_too(workspace, server, tmp_path):
    workspace.people(1500)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "1", expect=75)
    workspace.run("backup", tmp_path / "monday.db")
    process = workspace.start("send-issue", "harbour", "--yes", "-q")
    while len(server.taken) < 200 and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    workspace.run("restore", tmp_path / "monday.db")
    last = workspace.start("send-issue", "harbour", "--yes", "-q")
    last.communicate(timeout=120)
    uncertain = workspace.data("status")[0]["states"]["uncertain"]
    assert last.returncode == (5 if uncertain else 0)
    assert len(set(recipients(server))) == len(server.taken)
    assert 1500 - len(server.taken) <= uncertain <= 200
    assert workspace.data("verify", "harbour", expect=last.returncode)[0]["clean"]


def test_an_issue_begun_after_the_backup_is_refused_until_told(workspace, server, tmp_path):
    workspace.people(20)
    workspace.run("backup", tmp_path / "monday.db")
    workspace.run("send-issue", "harbour", "--yes")
    assert "harbour was begun on" in workspace.run("restore", tmp_path / "monday.db").stdout
    refused = workspace.run("send-issue", "harbour", "--yes", expect=3)
    assert "after the backup" in refused.stderr
    assert len(server.taken) == 20
    workspace.run("send-issue", "harbour", "--yes", "--again")
    assert len(server.taken) == 40


def test_the_old_database_is_put_aside(workspace, server, tmp_path):
    workspace.run("backup", tmp_path / "monday.db")
    workspace.run("backup", tmp_path / "monday.db", expect=2)
    workspace.people(1)
    workspace.run("restore", tmp_path / "monday.db")
    assert workspace.run("subscribers", "list", "--json").stdout == ""
    assert len(list((workspace.root / "subscribers").glob("mailer.db.before-*"))) >= 1


@pytest.mark.parametrize(
    ("people", "words"), [(1, "1 person left since the backup was taken and stays"), (2, "2 people left")]
)
def test_a_restore_says_how_many_left_since(workspace, tmp_path, people, words):
    workspace.people(3)
    workspace.run("backup", tmp_path / "monday.db")
    for number in range(people):
        workspace.run("subscribers", "unsubscribe", f"reader{number}@inbox.example", "--list", "weekly")
    assert words in workspace.run("restore", tmp_path / "monday.db").stdout


def test_what_is_no_backup_is_refused_and_nothing_changes(workspace, tmp_path):
    workspace.people(1)
    (tmp_path / "text").write_text("not a database, by far not one at all")
    workspace.run("restore", tmp_path / "text", expect=2)
    workspace.run("restore", tmp_path / "nowhere", expect=2)
    assert "reader0@inbox.example" in workspace.run("subscribers", "list", "--json").stdout


def test_nothing_is_restored_while_something_is_sent(workspace, server, tmp_path):
    workspace.people(400)
    workspace.run("backup", tmp_path / "monday.db")
    process = workspace.start("send-issue", "harbour", "--yes", "-q", "--rate", "50")
    while len(server.taken) < 10 and process.poll() is None:
        time.sleep(0.01)
    refused = workspace.run("restore", tmp_path / "monday.db", expect=2).stderr
    assert "something is being sent from this database" in refused
    assert f"mailer send-issue (process {process.pid})" in refused
    process.terminate()
    process.communicate(timeout=120)


def test_nothing_is_restored_while_the_clock_or_the_pages_are_at_work(workspace, tmp_path):
    workspace.run("backup", tmp_path / "monday.db")
    run = workspace.start("run", "--every", "60")
    serve = workspace.start("serve", "--port", "0")
    assert "Looking for due issues" in run.stderr.readline()
    assert "Serving on" in serve.stderr.readline()
    refused = workspace.run("restore", tmp_path / "monday.db", expect=2).stderr
    assert f"mailer run (process {run.pid})" in refused
    assert f"mailer serve (process {serve.pid})" in refused
    assert "  next: Stop what is at work" in refused
    for process in (run, serve):
        process.terminate()
        process.communicate(timeout=120)
        assert process.returncode == 0
    workspace.run("restore", tmp_path / "monday.db")


def test_a_run_goes_by_the_database_that_took_the_place_of_its_own(workspace, server, tmp_path):
    database = workspace.root / "subscribers" / "mailer.db"
    workspace.people(3)
    workspace.run("backup", tmp_path / "scheduled.db")
    scheduled = open_database("sqlite:///scheduled.db", tmp_path)
    now = datetime.now(UTC)
    Schedules(scheduled).add("issues/2026-11-22-harbour.md", Audience(("weekly",)), now, "UTC", now)
    scheduled.dispose()
    run = workspace.start("run", "--every", "0.1")
    assert "Looking for due issues" in run.stderr.readline()
    (tmp_path / "scheduled.db").replace(database)
    assert "Began harbour" in run.stdout.readline()
    assert any("accepted 3" in line for line in run.stdout)
    run.terminate()
    run.communicate(timeout=120)
    assert sorted(recipients(server)) == [f"reader{n}@inbox.example" for n in range(3)]
    assert workspace.data("schedule", "list")[0]["state"] == "done"
