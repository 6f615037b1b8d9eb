"""A send that died before it was proved: it counts for nobody, and nobody gets two because of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

PEOPLE = 4000  # to prove their renders takes long enough to be killed at it


def killed_while_proving(workspace, *arguments: object) -> None:
    """Start `send-issue` and kill it between freezing the audience and having proved its renders."""
    process = workspace.start("send-issue", "harbour", "--yes", "-q", *arguments)
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database:
        while process.poll() is None:
            if database.execute("SELECT 1 FROM sends WHERE proved_at IS NULL").fetchone():
                process.kill()
        process.communicate()
        assert database.execute("SELECT 1 FROM sends WHERE proved_at IS NULL").fetchone()


def test_a_repetition_that_died_unproved_is_no_reason_to_repeat(workspace, server):
    workspace.people(PEOPLE)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    killed_while_proving(workspace, "--again")
    done = workspace.run("send-issue", "harbour", "--yes")
    assert "nothing to do" in done.stderr
    assert len(server.taken) == PEOPLE
    workspace.run("send-issue", "harbour", "--yes", "--again", "-q")
    assert len(server.taken) == 2 * PEOPLE
    assert len(workspace.data("status")) == 2


def test_a_send_that_died_unproved_keeps_nobody_out_of_another(workspace, server):
    workspace.people(PEOPLE)
    workspace.run("lists", "create", "daily")
    workspace.run("subscribers", "import", workspace.root / "people.csv", "--list", "daily")
    killed_while_proving(workspace)
    workspace.run("send-issue", "harbour", "--list", "daily", "--yes", "-q")
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == PEOPLE
    assert [report["lists"] for report in workspace.data("status")] == [["daily"]]


def test_again_means_everyone_of_another_list_too_as_the_plan_says(workspace, server):
    workspace.people(2)
    workspace.run("lists", "create", "daily")
    workspace.run("subscribers", "import", workspace.root / "people.csv", "--list", "daily")
    workspace.run("send-issue", "harbour", "--yes", "-q")
    done = workspace.run("send-issue", "harbour", "--list", "daily", "--again", expect=2)
    assert "audience  2   excluded 0" in done.stderr
    workspace.run("send-issue", "harbour", "--list", "daily", "--again", "--yes", "-q")
    assert len(server.taken) == 4
