"""A send that died before it was proved: it counts for nobody, and nobody gets two because of it."""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from contextlib import closing

PEOPLE = 20
# Whoever writes that a send is proved comes to no end, and nobody sees it written.
ENDLESS = f"""
    CREATE TRIGGER endless BEFORE UPDATE OF proved_at ON sends
    BEGIN SELECT count(*) FROM {", ".join(f"sqlite_master AS s{n}" for n in range(9))}; END
"""


def killed_while_proving(workspace, *arguments: object) -> None:
    """Start `send-issue` and kill it between freezing the audience and having proved its renders."""
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database:
        database.execute(ENDLESS)
        process = workspace.start("send-issue", "harbour", "--yes", "-q", *arguments)
        while not database.execute("SELECT 1 FROM sends WHERE proved_at IS NULL").fetchone():
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        process.kill()
        process.communicate()
        database.execute("DROP TRIGGER endless")
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


def test_a_send_to_nobody_is_refused_and_stands_in_nobodys_way(workspace, server):
    refused = workspace.run("send-issue", "harbour", "--yes", expect=3)
    assert "nobody would get harbour: list weekly (nobody is on it)" in refused.stderr
    assert "  next: Subscribe people to it: mailer subscribers import FILE --list weekly\n" in refused.stderr
    assert workspace.data("status") == []
    workspace.people(2)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert len(server.taken) == 2
    workspace.run("lists", "create", "daily")
    workspace.run("subscribers", "import", workspace.root / "people.csv", "--list", "daily")
    refused = workspace.run("send-issue", "harbour", "--list", "daily", "--yes", expect=3)
    assert "in an earlier send 2" in refused.stderr
    look = re.search("  next: See who is on it: mailer (.*)", refused.stderr)
    assert "reader0@inbox.example" in workspace.run(*look[1].split()).stdout


def test_a_link_to_the_database_hides_no_journal(workspace, server):
    workspace.people(2000)
    process = workspace.start("send-issue", "harbour", "--yes", "-q")
    while len(server.taken) < 50 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGSTOP)
    linked = workspace.root / "elsewhere.db"
    linked.symlink_to(workspace.root / "subscribers" / "mailer.db")
    own = workspace.settings
    workspace.settings = own | {"DATABASE_URL": "sqlite:///elsewhere.db", "UNCERTAIN": "resend"}
    second = workspace.start("send-issue", "harbour", "--yes", "-q")
    second.communicate(timeout=120)
    workspace.settings = own
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=120)
    assert {process.returncode, second.returncode} <= {0, 75}
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == 2000
