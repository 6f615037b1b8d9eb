"""An erratum: who got an earlier text gets the corrected one, once, marked as such, unless they left."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from corrected_copies import RIGHT, RIGHTER, correct, got, messages, text_of, version


def test_an_erratum_goes_to_who_has_the_old_text_once_and_says_that_it_is_one(begun, server):
    begun.run("send-issue", "harbour", "--yes", "-q", "--limit", 4, expect=75)
    before = messages(server)
    left, bounced, *others = before
    begun.run("subscribers", "unsubscribe", left, "--list", "weekly")
    begun.run("subscribers", "unsubscribe", bounced, "--all")
    begun.issue(RIGHT)
    asked = begun.run("send-issue", "harbour", "--erratum", expect=2)
    assert "2 who have no copy yet get the corrected text" in asked.stderr
    assert "6 who have another text get the corrected one, as 'Correction: The harbour clock'" in asked.stderr
    assert "unsubscribed 1" in asked.stderr
    begun.run("send-issue", "harbour", "--erratum", "--yes")
    assert got(server) == {(1,): 2, (1, 2): 6, (2,): 2}
    for who in others:
        first, second = messages(server)[who]
        assert second["Subject"] == "Correction: The harbour clock"
        assert second["In-Reply-To"] == second["References"] == first["Message-ID"] != second["Message-ID"]
        assert text_of(second).startswith("This mail corrects the one that you got before.")
        html = second.get_body(("html",))
        assert html is not None and "This mail corrects the one" in html.get_content()
    plain = next(each[0] for each in messages(server).values() if version(each[0]) == 2)
    assert plain["Subject"] == "The harbour clock" and plain["In-Reply-To"] is None
    count = len(server.taken)
    assert "nothing to correct" in begun.run("send-issue", "harbour", "--erratum", "--yes").stderr
    begun.run("tick")
    assert len(server.taken) == count
    original, erratum = begun.data("status")
    assert not original["erratum"] and erratum["erratum"]
    assert erratum["states"]["accepted"] == 6 and sum(erratum["excluded"].values()) == 2
    assert all(each["clean"] for each in begun.data("verify", "harbour"))
    assert "harbour (erratum): accepted: 250" in begun.run("why", others[0]).stdout
    assert "harbour (erratum): not sent, unsubscribed" in begun.run("why", left).stdout


def test_one_run_corrects_and_sends_the_errata_within_its_limit(begun, server):
    begun.issue(RIGHT)
    data = begun.data("send-issue", "harbour", "--erratum", "--yes", "--limit", "8", expect=75)
    assert got(server) == {(1,): 2, (1, 2): 2, (2,): 6}
    assert data["settled"] == 6
    assert [each["settled"] for each in data["errata"]] == [2]
    assert "is held after --limit" in begun.run("tick").stdout, "the errata are limited, too"
    assert len(server.taken) == 12
    summary = begun.run("status", "harbour").stdout
    assert "next: go on with: mailer send-issue harbour --list weekly --erratum\n" in summary
    begun.run("send-issue", "harbour", "--list", "weekly", "--erratum", "--yes", "-q")
    assert got(server) == {(1, 2): 4, (2,): 6}


def test_a_newer_correction_ends_the_errata_of_the_older_one(begun, server):
    begun.issue(RIGHT)
    begun.run("send-issue", "harbour", "--erratum", "--yes", "-q", "--limit", "8", expect=75)
    correct(begun, "--erratum", text=RIGHTER)
    assert got(server) == {(1, 3): 2, (1, 2, 3): 2, (2, 3): 6}
    _, older, newer = begun.data("status")
    assert (older["halted_by"], older["states"]["cancelled"]) == ("a correction", 2)
    assert newer["states"]["accepted"] == 10
    assert all(each["clean"] for each in begun.data("verify", "harbour"))


def test_who_was_in_doubt_and_is_decided_later_gets_an_erratum_later(begun, server):
    with closing(sqlite3.connect(begun.root / "subscribers" / "mailer.db")) as database, database:
        database.execute("UPDATE outcomes SET state = 'uncertain' WHERE subscriber_id = 1")
        database.execute("UPDATE chunks SET accepted = accepted - 1, uncertain = 1 WHERE id = 1")
    begun.issue(RIGHT)
    begun.run("send-issue", "harbour", "--erratum", "--yes", "-q", expect=5)
    assert got(server) == {(1,): 1, (1, 2): 3, (2,): 6}
    begun.run("send-issue", "harbour", "--accept-uncertain", "--yes", "-q")
    begun.run("send-issue", "harbour", "--erratum", "--yes", "-q")
    assert got(server) == {(1, 2): 4, (2,): 6}


def test_it_speaks_the_language_of_the_issue_or_says_what_the_issue_says(begun, server):
    german = RIGHT.replace("list:", "lang: de\nlist:")
    begun.run("send-issue", "harbour", "--yes", "-q")
    correct(begun, "--erratum", text=german)
    last = server.taken[-1].recipients[0]
    message = messages(server)[last][-1]
    assert message["Subject"] == "Berichtigung: The harbour clock"
    assert text_of(message).startswith("Diese E-Mail berichtigt")
    correct(
        begun,
        "--erratum",
        text=german.replace("at last", "by then").replace("list:", "erratum: Oh dear –\nlist:"),
    )
    assert messages(server)[last][-1]["Subject"] == "Oh dear – The harbour clock"
    count = len(server.taken)
    begun.issue(german.replace("at last", "by then").replace("list:", "erratum: Again –\nlist:"))
    begun.run("send-issue", "harbour", "--erratum", "--yes", "-q")
    assert len(server.taken) == count, "another word for it is no reason to send it twice"


def test_a_whole_document_says_it_above_its_own_beginning(workspace, server):
    page = "<!doctype html><html><head><title>x</title></head><body><h1>{}</h1><p>Tides.</p></body></html>"
    workspace.people(2)
    (workspace.root / "issues" / "2026-11-22-harbour.md").unlink()
    front = "---\ntitle: Tides\nlist: weekly\nslug: harbour\n---\n"
    workspace.issue(front + page.format("The tied"), "2026-11-22-harbour.html")
    workspace.run("send-issue", "harbour", "--yes", "-q")
    workspace.issue(front + page.format("The tide"), "2026-11-22-harbour.html")
    workspace.run("send-issue", "harbour", "--erratum", "--yes", "-q")
    first, second = messages(server)["reader0@inbox.example"]
    html = second.get_body(("html",)).get_content()
    assert html.index("This mail corrects the one") < html.index("The tide")
    assert text_of(second).startswith("This mail corrects the one")
    assert "corrects" not in text_of(first)


def test_a_database_that_may_have_forgotten_an_erratum_sends_none(begun, server, tmp_path):
    begun.run("send-issue", "harbour", "--yes", "-q")
    begun.run("backup", tmp_path / "monday.db")
    correct(begun, "--erratum")
    begun.run("restore", tmp_path / "monday.db")
    refused = correct(begun, "--erratum", expect=3)
    assert "after the backup that this database comes from" in refused.stderr
    assert got(server) == {(1, 2): 10}


def test_a_rehearsal_shows_the_plan_and_changes_nothing(begun, server):
    begun.issue(RIGHT)
    shown = begun.run("send-issue", "harbour", "--erratum", "--dry-run", "--yes", "-q").stderr
    assert "6 who have no copy yet" in shown and "4 who have another text" in shown
    assert len(server.taken) == 4
    assert len(begun.data("status")[0]["revisions"]) == 1


def test_who_left_between_the_freeze_and_their_turn_gets_none(begun, server):
    begun.run("send-issue", "harbour", "--yes", "-q")
    begun.issue(RIGHT)
    begun.run("send-issue", "harbour", "--erratum", "--yes", "-q", "--limit", "5", expect=75)
    without = [who for who, each in messages(server).items() if len(each) == 1]
    begun.run("subscribers", "unsubscribe", without[0], "--list", "weekly")
    begun.run("subscribers", "unsubscribe", without[1], "--all")
    begun.run("send-issue", "harbour", "--erratum", "--yes", "-q")
    assert {who for who, each in messages(server).items() if len(each) == 1} == set(without[:2])


def test_who_is_uncertain_is_decided_before_it_is_known_who_gets_one(begun, server):
    begun.issue(RIGHT)
    for decision in ("--accept-uncertain", "--resend-uncertain"):
        refused = begun.run("send-issue", "harbour", "--erratum", decision, "--yes", expect=2).stderr
        assert "before it is known who gets an erratum" in refused
    assert len(server.taken) == 4
