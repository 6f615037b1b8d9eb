"""A mistake found in mid-send: who has no copy yet gets the corrected text, as the ledger says."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

from corrected_copies import (
    RIGHT,
    RIGHTER,
    assert_the_ledger_is_right,
    correct,
    got,
    ledger_says,
    messages,
    text_of,
    version,
)
from harbour_workspace import ISSUE

from mailer.domain.outcome import Stage
from mailer.sandbox.scripted_server import Act


def test_who_has_none_yet_gets_the_corrected_text(begun, server):
    begun.issue(RIGHT)
    refused = begun.run("send-issue", "harbour", "--yes", expect=3)
    assert "was edited" in refused.stderr
    assert "mailer send-issue harbour --list weekly --corrected\n" in refused.stderr
    assert "mailer send-issue harbour --list weekly --uncorrected\n" in refused.stderr
    asked = begun.run("send-issue", "harbour", "--corrected", expect=2)
    assert "6 who have no copy yet get the corrected text" in asked.stderr
    assert "accepted 4" in asked.stderr
    assert "changed   - last”, says the harbour master…. " in asked.stderr
    assert "changed   + last”, says the harbourmaster…. " in asked.stderr
    assert begun.data("status")[0]["revisions"][0]["accepted"] == 4
    assert len(begun.data("status")[0]["revisions"]) == 1, "nobody said yes"
    begun.run("send-issue", "harbour", "--corrected", "--yes")
    assert got(server) == {(1,): 4, (2,): 6}
    assert "send-issue" not in begun.run("send-issue", "harbour", "--yes").stdout
    assert len(server.taken) == 10


def test_status_deliveries_why_and_verify_say_who_has_which(begun, server):
    correct(begun)
    first, second = begun.data("status")[0]["revisions"]
    assert (first["accepted"], second["accepted"]) == (4, 6)
    assert begun.data("verify", "harbour")[0]["revisions"] == [first, second]
    for command in ("status", "verify"):
        shown = begun.run(command, "harbour").stdout
        assert f"rev {first['revision'][:6]}" in shown and f"rev {second['revision'][:6]}" in shown
    for revision, expected in ((first["revision"], 1), (second["revision"], 2)):
        rows = begun.run("deliveries", "harbour", "--revision", revision[:6]).stdout.splitlines()
        addresses = {row.split()[1] for row in rows}
        assert addresses == {who for who, each in messages(server).items() if version(each[0]) == expected}
        assert all(f"rev {revision[:6]}" in row for row in rows)
        story = begun.run("why", addresses.pop()).stdout
        assert f"accepted: 250 2.0.0 taken (rev {revision[:6]})" in story
    unknown = begun.run("deliveries", "harbour", "--revision", "nosuch", expect=2).stderr
    assert first["revision"][:6] in unknown and second["revision"][:6] in unknown
    table = begun.run("deliveries", "harbour", "--csv").stdout
    assert table.count(first["revision"]) == 4 and table.count(second["revision"]) == 6


def test_a_send_goes_on_with_the_text_it_has_if_it_is_told_to(begun, server):
    begun.issue(RIGHT)
    begun.run("send-issue", "harbour", "--uncorrected", "--yes")
    assert got(server) == {(1,): 10}
    refused = begun.run("send-issue", "harbour", "--yes", expect=3)
    assert "--erratum\n" in refused.stderr and "--again\n" in refused.stderr


def test_the_clock_goes_on_with_the_text_it_has_and_never_corrects_by_itself(begun, server):
    begun.issue(RIGHT)
    begun.run("resume", "harbour")
    begun.run("tick")
    assert got(server) == {(1,): 10}


def test_what_was_deferred_gets_the_new_text_and_what_is_in_doubt_keeps_its_own(workspace, server):
    workspace.settings["SMTP_CONNECTIONS"] = "1"
    workspace.people(6)
    server.extensions = ()
    doings = {1: "451 4.2.0 later", 2: Act.LOSE, 3: Act.CLOSE}
    server.script = lambda stage, count: doings.get(count) if stage is Stage.CONTENT else None
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", 4, expect=5)
    lost = [who for who, ((state, _),) in ledger_says(workspace).items() if state == "uncertain"]
    assert len(lost) == 2
    server.script = lambda stage, count: None
    done = correct(workspace, "-q", expect=5)
    planned = workspace.run("status", "harbour").stdout
    assert "uncertain 2" in planned, done.stderr
    workspace.run("send-issue", "harbour", "--yes", "--resend-uncertain", expect=75)
    copies = messages(server)
    for who in lost:
        assert {version(each) for each in copies[who]} == {1}
        assert len({each["Message-ID"] for each in copies[who]}) == 1
    assert sum(version(each[-1]) == 2 for each in copies.values()) == 2
    make_due(workspace)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert sum(version(each[-1]) == 2 for each in messages(server).values()) == 3
    assert workspace.data("verify", "harbour")[0]["clean"]
    assert_the_ledger_is_right(workspace, server)


def make_due(workspace) -> None:
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as connection, connection:
        connection.execute("UPDATE chunks SET due_at = '2026-01-01T00:00:00.000Z' WHERE due_at IS NOT NULL")


def test_corrections_in_a_row_and_back_to_the_first(begun, server):
    correct(begun, "--limit", "2", expect=75)
    correct(begun, "--limit", "2", text=RIGHTER, expect=75)
    correct(begun, text=ISSUE)
    assert got(server) == {(1,): 6, (2,): 2, (3,): 2}
    report = begun.data("status")[0]
    assert [each["accepted"] for each in report["revisions"]] == [4, 2, 2, 2]
    assert report["revisions"][0]["revision"] == report["revisions"][3]["revision"] == report["revision"]
    done = begun.run("send-issue", "harbour", "--erratum", "--yes")
    assert "4 who have another text get the corrected one" in done.stderr
    assert got(server) == {(1,): 6, (2, 1): 2, (3, 1): 2}


def test_where_nothing_changed_it_says_so_and_goes_on(begun, server):
    done = correct(begun, text=ISSUE)
    assert "nothing to correct" in done.stderr
    assert got(server) == {(1,): 10}
    assert "nothing to correct" in correct(begun, text=ISSUE).stderr
    assert "nothing to correct" in correct(begun, "--erratum", text=ISSUE).stderr
    assert len(server.taken) == 10
    assert len(begun.data("status")) == 1


def test_a_finished_send_has_nobody_to_correct_it_for_and_names_the_erratum(begun, server):
    begun.run("send-issue", "harbour", "--yes", "-q")
    refused = correct(begun, expect=3)
    assert "nobody is left" in refused.stderr
    assert "mailer send-issue harbour --list weekly --erratum" in refused.stderr
    assert len(begun.data("status")[0]["revisions"]) == 1


def test_there_must_be_a_send_and_it_must_not_be_cancelled(workspace, server):
    workspace.people(3)
    assert "nothing to correct" in correct(workspace, expect=2).stderr
    workspace.issue()
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", 1, expect=75)
    workspace.run("cancel", "harbour", "--yes")
    assert "was cancelled" in correct(workspace, expect=3).stderr
    for other in ("--again", "--uncorrected"):
        assert "exclude each other" in correct(workspace, other, expect=2).stderr
    assert len(server.taken) == 1


def towns(workspace, *numbers: int) -> None:
    """Let these readers live in Port from now on."""
    people = workspace.root / "more.csv"
    people.write_text("email,town\n" + "".join(f"reader{n}@inbox.example,Port\n" for n in numbers))
    workspace.run("subscribers", "import", people, "--list", "weekly")


def test_a_text_that_somebody_can_not_get_is_refused_by_what_was_frozen(workspace, server):
    workspace.people(10)
    towns(workspace, 9)
    workspace.issue(ISSUE.replace("Good", "{{ subscriber.town | default('Harbour') }}, good"))
    workspace.run("send-issue", "harbour", "--yes", "--limit", "4", expect=75)
    towns(workspace, *range(10))
    refused = correct(workspace, text=RIGHT.replace("Good", "{{ subscriber.town }}, good"), expect=3)
    assert "5 of 6" in refused.stderr
    assert "when the audience was frozen" in refused.stderr
    assert len(workspace.data("status")[0]["revisions"]) == 1
    workspace.run("send-issue", "harbour", "--uncorrected", "--yes")
    assert got(server) == {(1,): 10}


def test_what_only_the_new_text_names_is_as_it_is_when_it_is_corrected(begun, server):
    towns(begun, *range(10))
    correct(begun, "--limit", "2", text=RIGHT.replace("Good", "{{ subscriber.town }}, good"), expect=75)
    people = begun.root / "moved.csv"
    people.write_text("email,town\n" + "".join(f"reader{n}@inbox.example,Elsewhere\n" for n in range(10)))
    begun.run("subscribers", "import", people, "--list", "weekly")
    begun.run("send-issue", "harbour", "--yes")
    corrected = [text_of(each[0]) for each in messages(server).values() if version(each[0]) == 2]
    assert len(corrected) == 6 and all("Port, good" in text for text in corrected)
    assert begun.data("verify", "harbour")[0]["clean"]


def test_what_check_refuses_is_refused_here_too(begun, server):
    refused = correct(begun, text=RIGHT.replace("list:", "draft: true\nlist:"), expect=3)
    assert "not fit to be sent" in refused.stderr
    assert len(server.taken) == 4


def test_no_text_changes_while_another_process_sends_it(workspace, server):
    workspace.people(400)
    process = workspace.start("send-issue", "harbour", "--yes", "-q", "--rate", "60")
    try:
        while len(server.taken) < 10:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        busy = correct(workspace, expect=75)
        assert "harbour to list weekly is being sent already, by" in busy.stderr
        assert "mailer pause harbour" in busy.stderr
        workspace.run("pause", "harbour")
        process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    sent = len(server.taken)
    correct(workspace, "-q")  # which ends the pause
    assert got(server) == {(1,): sent, (2,): 400 - sent}
    assert_the_ledger_is_right(workspace, server)


def test_a_backup_from_before_a_correction_sends_no_old_text(begun, server, tmp_path):
    begun.run("backup", tmp_path / "monday.db")
    correct(begun, "--limit", "3", expect=75)
    begun.run("restore", tmp_path / "monday.db")
    begun.run("resume", "harbour")
    waits = begun.run("tick", expect=3)
    assert "corrected after the backup" in waits.stderr
    assert "send-issue harbour --list weekly --corrected" in waits.stderr
    assert got(server) == {(1,): 4, (2,): 3}
    correct(begun)
    assert got(server) == {(1,): 4, (2,): 6}
    assert_the_ledger_is_right(begun, server)
    assert begun.data("verify", "harbour")[0]["clean"]
