"""`send-issue` as people and machines use it, against a server that keeps a log."""

from __future__ import annotations

import email
import json
import os
import re
import signal
import time
from email.policy import default
from pathlib import Path

import pytest
from harbour_workspace import ISSUE

from mailer.domain.outcome import Stage
from mailer.domain.signed_links import read_token
from mailer.sandbox.scripted_server import Act


def delivered(server) -> list[str]:
    return sorted(message.recipients[0] for message in server.taken)


def test_ten_thousand_are_accepted_and_verified(workspace, server):
    workspace.people(10_000)
    report = workspace.data("send-issue", "harbour", "--yes", "-q")
    assert report["states"]["accepted"] == report["audience"] == len(set(delivered(server))) == 10_000
    assert len(server.taken) == 10_000
    verified = workspace.data("verify", "harbour")[0]
    assert verified["clean"]
    assert verified["open"] == 0


def test_the_message_is_the_recipients_own(workspace, server):
    workspace.people(2)
    workspace.settings["BASE_URL"] = "http://localhost:8000"
    workspace.run("send-issue", "harbour", "--yes")
    parsed = {m.recipients[0]: email.message_from_bytes(m.content, policy=default) for m in server.taken}
    named, nameless = parsed["reader1@inbox.example"], parsed["reader0@inbox.example"]
    assert "Good morning, Reader 1." in named.get_body(("plain",)).get_content()
    assert "Good morning, reader." in nameless.get_body(("html",)).get_content()
    assert named["Subject"] == "The harbour clock"
    assert named["To"] == "Reader 1 <reader1@inbox.example>"
    assert named["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert named["List-Id"] == "Harbour Gazette <weekly.gazette.example>"
    links = {message["List-Unsubscribe"] for message in parsed.values()}
    assert len(links) == 2
    assert all(link.startswith("<http://localhost:8000/u/") for link in links)
    for message in parsed.values():
        assert not message.defects
        assert message["Date"].endswith(" +0000")
        assert (
            "the clock on the ice house is going again – “at last”"
            in message.get_body(("plain",)).get_content().replace("\n", " ").lower()
        )


def test_without_a_base_url_people_unsubscribe_by_mail(workspace, server):
    workspace.people(1)
    workspace.run("send-issue", "harbour", "--yes")
    (message,) = server.taken
    parsed = email.message_from_bytes(message.content, policy=default)
    assert parsed["List-Unsubscribe"] == "<mailto:editor@gazette.example?subject=unsubscribe>"
    assert parsed["List-Unsubscribe-Post"] is None
    assert (
        'href="mailto:editor@gazette.example?subject=unsubscribe"' in parsed.get_body(("html",)).get_content()
    )


def test_the_summary_says_what_happened_and_what_is_next(workspace, server):
    workspace.people(3)
    workspace.run("subscribers", "unsubscribe", "reader2@inbox.example", "--list", "weekly")
    summary = workspace.run("send-issue", "harbour", "--yes").stdout
    assert "harbour · rev " in summary
    assert "list weekly" in summary
    assert "audience 2   excluded 1 (unsubscribed 1)" in summary
    assert "accepted 2   failed 0   deferred 0   uncertain 0" in summary
    assert "next: mailer verify harbour" in summary


def test_a_second_run_has_nothing_to_do(workspace, server):
    workspace.people(3)
    workspace.run("send-issue", "harbour", "--yes")
    again = workspace.run("send-issue", "harbour", "--yes")
    assert "nothing to do" in again.stderr
    assert len(server.taken) == 3


def test_an_edited_issue_is_refused_with_both_hashes(workspace, server):
    workspace.people(3)
    first = workspace.data("send-issue", "harbour", "--yes", "--limit", "1", expect=75)
    workspace.issue(ISSUE + "\nOne more line.\n")
    refused = workspace.run("send-issue", "harbour", "--yes", expect=3)
    assert first["revision"][:12] in refused.stderr
    assert refused.stderr.count("rev ") >= 2
    assert len(server.taken) == 1
    workspace.issue(ISSUE)
    workspace.run("send-issue", "harbour", "--yes")
    assert len(delivered(server)) == len(set(delivered(server))) == 3


def test_a_limit_stops_and_the_next_run_goes_on(workspace, server):
    workspace.people(10)
    report = workspace.data("send-issue", "harbour", "--yes", "--limit", "4", expect=75)
    assert (report["audience"], report["states"]["accepted"], report["states"]["queued"]) == (10, 4, 6)
    assert len(server.taken) == 4
    workspace.run("send-issue", "harbour", "--yes")
    assert len(set(delivered(server))) == len(server.taken) == 10


def test_a_person_on_two_lists_gets_the_issue_once(workspace, server):
    workspace.people(2)
    workspace.run("lists", "create", "daily")
    workspace.run("subscribers", "import", workspace.root / "people.csv", "--list", "daily")
    workspace.run("subscribers", "add", "only@daily.example", "--list", "daily")
    workspace.run("send-issue", "harbour", "--yes")
    second = workspace.data("send-issue", "harbour", "--list", "daily", "--yes")
    assert second["excluded"] == {"in an earlier send": 2}
    assert delivered(server) == ["only@daily.example", "reader0@inbox.example", "reader1@inbox.example"]
    workspace.run("send-issue", "harbour", "--list", "daily", "--again", "--yes")
    assert len(server.taken) == 6


def test_without_a_terminal_yes_is_needed(workspace, server):
    workspace.people(1)
    refused = workspace.run("send-issue", "harbour", expect=2)
    assert "--yes" in refused.stderr
    assert "audience  1" in refused.stderr
    assert server.taken == []
    assert workspace.data("status") == []


def test_a_dry_run_of_an_issue_in_utf_16(workspace, server, tmp_path):
    workspace.people(1)
    workspace.issue().write_text(ISSUE, encoding="utf-16")
    workspace.run("send-issue", "harbour", "--dry-run", "-o", tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*.eml"))) == 1


def test_a_dry_run_writes_every_message_and_sends_none(workspace, server, tmp_path):
    workspace.people(5)
    done = workspace.run("send-issue", "harbour", "--dry-run", "-o", tmp_path / "new" / "out")
    files = sorted((tmp_path / "new" / "out").glob("*.eml"))
    assert len(files) == 5
    assert email.message_from_bytes(files[0].read_bytes(), policy=default)["Subject"] == "The harbour clock"
    assert "Note:" not in done.stderr
    assert server.taken == []
    assert workspace.data("status") == []


def test_what_a_dry_run_writes_only_its_owner_reads_and_its_links_are_dead(workspace, server, tmp_path):
    workspace.people(2)
    workspace.settings |= {"BASE_URL": "http://localhost:8000", "SECRET_KEY": "not-so-secret"}
    out, wide = tmp_path / "new" / "out", tmp_path / "wide"
    wide.mkdir()
    wide.chmod(0o777)
    (wide / "000001-reader0@inbox.example.eml").touch(0o666)
    (tmp_path / "kept").write_text("as it was")
    (wide / "000002-reader1@inbox.example.eml").symlink_to(tmp_path / "kept")
    before = os.umask(0)
    try:
        workspace.run("send-issue", "harbour", "--dry-run", "-o", out)
        said = workspace.run("send-issue", "harbour", "--dry-run", "-o", wide).stderr
    finally:
        os.umask(before)
    assert [mode(out), mode(out.parent)] == [0o700, 0o700]
    assert f"chmod 700 {wide}" in said
    assert mode(wide) == 0o777
    assert (tmp_path / "kept").read_text() == "as it was"
    for file in (*out.iterdir(), *wide.iterdir()):
        assert mode(file) == 0o600
        (token,) = set(re.findall(r"http://localhost:8000/u/([\w-]+)", file.read_text()))
        assert read_token(b"not-so-secret", token).subscriber_id == 0


def test_a_dry_run_for_nobody_writes_nothing_and_says_so(workspace, server, tmp_path):
    workspace.people(1)
    assert "Dry run: 1 message rendered (" in workspace.run("send-issue", "harbour", "--dry-run").stdout
    workspace.run("send-issue", "harbour", "--yes")
    done = workspace.run("send-issue", "harbour", "--dry-run", "-o", tmp_path / "out")
    assert done.stdout == "Dry run: 0 messages rendered (0 octets); nothing was sent.\n"
    assert not (tmp_path / "out").exists()


def test_a_dry_run_that_can_not_write_says_where(workspace, server, tmp_path):
    workspace.people(1)
    (tmp_path / "file").touch()
    said = workspace.run("send-issue", "harbour", "--dry-run", "-o", tmp_path / "file" / "out", expect=2)
    assert f"can't write {tmp_path / 'file' / 'out'}" in said.stderr


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_test_message_stays_outside_the_ledger(workspace, server):
    workspace.people(2)
    done = workspace.run(
        "send-issue", "harbour", "--test", "reader1@inbox.example", "--test", "boss@a.example"
    )
    assert done.stdout.count("accepted: 250") == 2
    assert delivered(server) == ["boss@a.example", "reader1@inbox.example"]
    subjects = [email.message_from_bytes(each.content, policy=default)["Subject"] for each in server.taken]
    assert subjects == ["[Test] The harbour clock"] * 2
    assert workspace.data("status") == []
    workspace.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 4
    real = email.message_from_bytes(server.taken[-1].content, policy=default)
    assert real["Subject"] == "The harbour clock"


def test_a_test_message_goes_out_once_a_send_began_too(workspace, server):
    workspace.people(2)
    workspace.issue(ISSUE.replace('|default("reader")', "").replace("subscriber.name", "subscriber.email"))
    workspace.run("send-issue", "harbour", "--yes")
    workspace.issue(ISSUE.replace('|default("reader")', ""))
    workspace.run("send-issue", "harbour", "--test", "boss@a.example")
    parsed = email.message_from_bytes(server.taken[-1].content, policy=default)
    assert "Good morning, Reader 1." in parsed.get_body(("plain",)).get_content()


def test_a_refusal_is_final_and_a_rerun_does_not_repeat_it(workspace, server):
    server.script = lambda stage, count: (
        "552 5.2.2 mailbox full" if (stage, count) == (Stage.RCPT, 1) else None
    )
    workspace.people(3)
    report = workspace.data("send-issue", "harbour", "--yes", expect=4)
    assert (report["states"]["accepted"], report["states"]["failed"]) == (2, 1)
    assert "552 5.2.2 mailbox full" in workspace.run("deliveries", "harbour", "--state", "failed").stdout
    workspace.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 2
    workspace.run("send-issue", "harbour", "--yes", "--retry-failed")
    assert len(set(delivered(server))) == len(server.taken) == 3


def test_a_deferral_waits_for_its_time(workspace, server):
    server.script = lambda stage, count: "451 4.7.1 later" if (stage, count) == (Stage.RCPT, 1) else None
    workspace.people(3)
    report = workspace.data("send-issue", "harbour", "--yes", expect=75)
    assert report["states"]["deferred"] == 1
    assert report["next_due"]
    workspace.run("send-issue", "harbour", "--yes", expect=75)
    assert len(server.taken) == 2
    assert "451 4.7.1 later" in workspace.run("deliveries", "harbour", "--state", "deferred").stdout
    workspace.run("verify", "harbour", expect=75)


@pytest.mark.parametrize(("decision", "copies"), [("--resend-uncertain", 2), ("--accept-uncertain", 1)])
def test_a_lost_answer_is_uncertain_until_somebody_decides(workspace, server, decision, copies):
    server.script = lambda stage, count: Act.LOSE if (stage, count) == (Stage.CONTENT, 1) else None
    workspace.people(1)
    report = workspace.data("send-issue", "harbour", "--yes", expect=5)
    assert report["states"]["uncertain"] == 1
    workspace.run("send-issue", "harbour", "--yes", expect=5)
    workspace.run("verify", "harbour", expect=5)
    assert len(server.taken) == 1
    workspace.run("send-issue", "harbour", "--yes", decision)
    workspace.run("verify", "harbour")
    identities = {email.message_from_bytes(message.content)["Message-ID"] for message in server.taken}
    assert (len(server.taken), len(identities)) == (copies, 1)


def test_uncertain_is_sent_again_where_the_setting_says_so(workspace, server):
    server.script = lambda stage, count: Act.LOSE if (stage, count) == (Stage.CONTENT, 1) else None
    workspace.settings["UNCERTAIN"] = "resend"
    workspace.people(1)
    workspace.run("send-issue", "harbour", "--yes", expect=5)
    workspace.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 2


def test_why_tells_a_persons_story(workspace, server):
    workspace.people(1)
    workspace.run("send-issue", "harbour", "--yes")
    workspace.run("subscribers", "unsubscribe", "reader0@inbox.example", "--list", "weekly")
    story = workspace.run("why", "Reader0@inbox.example").stdout
    for words in (
        "harbour: in the audience",
        "harbour: accepted: 250 2.0.0 taken",
        "list weekly: unsubscribed",
    ):
        assert words in story
    workspace.run("why", "stranger@a.example", expect=2)


def test_an_interrupted_send_finishes_what_is_in_flight_and_says_how_to_go_on(workspace, server):
    workspace.people(2000)
    process = workspace.start("send-issue", "harbour", "--yes", "-q", "--json")
    while len(server.taken) < 100 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    report = json.loads(out)
    assert report["interrupted"]
    assert report["states"]["uncertain"] == 0
    assert report["states"]["accepted"] == len(server.taken) < 2000
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert len(set(delivered(server))) == len(server.taken) == 2000


def test_two_runs_at_once_share_the_work(workspace, server):
    workspace.people(1500)
    first, second = (workspace.start("send-issue", "harbour", "--yes", "-q") for _ in range(2))
    errors = first.communicate(timeout=120)[1], second.communicate(timeout=120)[1]
    assert {first.returncode, second.returncode} <= {0, 75}, errors
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert len(set(delivered(server))) == len(server.taken) == 1500
    workspace.run("verify", "harbour")
