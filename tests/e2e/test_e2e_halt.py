"""`pause`, `resume` and `cancel` from another terminal; and people who leave in mid-send."""

from __future__ import annotations

import shlex
import socket
import time

import pytest
from harbour_workspace import ISSUE

from mailer.domain.outcome import Stage


@pytest.fixture
def slow_send(workspace, server):
    """A send of 400 at 40 a second, once it is under way; it is stopped at the end."""
    workspace.people(400)
    process = workspace.start("send-issue", "harbour", "--yes", "-q", "--rate", "40")
    while len(server.taken) < 30:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    yield process
    process.kill()
    process.communicate()


def test_a_pause_takes_effect_within_a_second_and_resume_goes_on(workspace, server, slow_send):
    workspace.run("pause", "harbour")
    out, errors = slow_send.communicate(timeout=120)
    assert slow_send.returncode == 75, errors
    sent = len(server.taken)
    assert "mailer resume harbour" in out
    assert 30 <= sent < 400
    workspace.run("tick")
    assert "paused" in workspace.run("send-issue", "harbour", "--yes", expect=3).stderr
    assert len(server.taken) == sent
    assert "· paused" in workspace.run("status").stdout
    workspace.run("resume", "harbour")
    workspace.run("resume", "harbour", expect=2)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == 400


def test_a_cancelled_send_never_goes_on(workspace, server, slow_send):
    workspace.run("cancel", "harbour", expect=2)  # no terminal to ask on
    workspace.run("cancel", "harbour", "--yes")
    _, errors = slow_send.communicate(timeout=120)
    assert slow_send.returncode == 3, errors
    sent = len(server.taken)
    assert workspace.run("tick").stdout == ""
    workspace.issue(ISSUE.replace("strikes", "struck"))  # whatever its text is by now
    refused = workspace.run("send-issue", "harbour", "--yes", expect=3)
    assert "harbour to list weekly was cancelled by" in refused.stderr
    assert f"{sent} of 400 got it, {400 - sent} never will" in refused.stderr
    assert "mailer send-issue harbour --list weekly --again" in refused.stderr
    assert len(server.taken) == sent < 400
    verified = workspace.data("verify", "harbour")[0]
    assert verified["clean"]
    assert (verified["states"]["accepted"], verified["states"]["cancelled"]) == (sent, 400 - sent)
    assert "· cancelled by" in workspace.run("verify", "harbour").stdout
    for word in ("pause", "resume", "cancel"):
        assert "it was cancelled by" in workspace.run(word, "harbour", expect=2).stderr
    (standing,) = workspace.data("status")
    assert (standing["halted"], standing["exit_code"]) == ("cancelled", 3)
    workspace.run("send-issue", "harbour", "--list", "weekly", "--again", "--yes", "-q")
    assert len(server.taken) == sent + 400


def test_another_one_at_work_is_named_and_left_to_it(workspace, server, slow_send):
    refused = workspace.run("send-issue", "harbour", "--yes", expect=75).stderr
    assert "harbour to list weekly is being sent already, by mailer send-issue (process " in refused
    assert f"(process {slow_send.pid}) on {socket.gethostname()} since 20" in refused
    assert "mailer pause harbour" in refused
    standing = workspace.run("status").stdout
    assert f"being sent by mailer send-issue (process {slow_send.pid})" in standing
    assert "next: stop it with: mailer pause harbour\n" in standing
    assert workspace.run("tick").stdout == ""
    assert slow_send.poll() is None, "all of this took place while it was at work"
    slow_send.kill()
    slow_send.communicate()
    rest = workspace.start("send-issue", "harbour", "--yes", "-q")
    _, errors = rest.communicate(timeout=120)
    assert rest.returncode in (0, 5), errors  # the dead hold nothing
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken)


def test_a_limit_holds_too_when_its_run_is_killed(workspace, server):
    workspace.people(400)
    process = workspace.start("send-issue", "harbour", "--yes", "-q", "--rate", "40", "--limit", "300")
    while len(server.taken) < 10:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    assert "held after --limit 300" in workspace.run("status").stdout
    process.kill()
    process.communicate()
    sent = len(server.taken)
    assert "is held after --limit 300" in workspace.run("tick").stdout
    assert len(server.taken) == sent < 300
    assert workspace.data("status")[0]["at_work"] is None


def test_what_a_person_limited_is_left_to_a_person(workspace, server):
    workspace.people(12)
    begun = workspace.run("send-issue", "harbour", "--yes", "--limit", "5", expect=75)
    assert "· held after --limit 5 on" in begun.stdout
    assert "mailer send-issue harbour --list weekly\n" in begun.stdout
    told = workspace.run("tick").stdout
    assert "harbour to list weekly is held after --limit 5" in told
    assert "next: mailer resume harbour\n" in told
    assert workspace.run("tick").stdout == "", "cron mails every word, so it is said once"
    assert len(server.taken) == 5
    run = workspace.start("run", "--every", "0.1")
    said = run.stdout.readline()
    time.sleep(0.5)  # for some more rounds
    run.terminate()
    said += run.communicate(timeout=120)[0]
    assert said.count("harbour to list weekly is held after --limit 5") == 1
    assert len(server.taken) == 5
    # As cron does it, day by day: each run sends its part, and the clock still leaves the rest alone.
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "3", expect=75)
    assert "--limit 3" in workspace.run("tick").stdout
    assert len(server.taken) == 8
    workspace.run("pause", "harbour")
    assert "is paused by" in workspace.run("tick").stdout
    assert "4 to send" in workspace.run("resume", "harbour").stdout
    assert "accepted 12" in workspace.run("tick").stdout
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == 12
    assert "held" not in workspace.run("status").stdout


def test_a_limit_set_while_the_clock_sends_another_one_holds(workspace, server):
    workspace.people(400)
    workspace.issue(ISSUE, "tide.md")
    for issue in ("harbour", "tide"):
        workspace.run("send-issue", issue, "--yes", "-q", "--limit", "1", expect=75)
        workspace.run("resume", issue)
    workspace.settings["MAIL_RATE"] = "40"
    tick = workspace.start("tick")
    while len(server.taken) < 5:
        assert tick.poll() is None, tick.communicate()
        time.sleep(0.01)
    workspace.run("send-issue", "tide", "--yes", "-q", "--limit", "1", expect=75)
    assert tick.poll() is None, "it sends the other one still"
    out, errors = tick.communicate(timeout=120)
    assert "accepted 400" in out, errors
    states = {each["issue"]: each["states"]["accepted"] for each in workspace.data("status")}
    assert states == {"harbour": 400, "tide": 2}


def test_a_limit_that_let_everything_through_holds_nothing(workspace, server):
    server.script = lambda stage, count: "451 later" if (stage, count) == (Stage.RCPT, 1) else None
    workspace.people(4)
    begun = workspace.run("send-issue", "harbour", "--yes", "--limit", "9", expect=75)
    assert "held" not in begun.stdout
    assert workspace.data("status")[0]["halted"] is None


def test_a_limited_send_goes_on_as_a_whole_when_a_person_sends_it_again(workspace, server):
    workspace.people(6)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--warmup", "2x1.5", "--limit", "4", expect=75)
    assert workspace.data("status")[0]["halted_by"] == "--limit 4 --warmup 2x1.5"
    workspace.run("cancel", "harbour", "--yes")
    assert workspace.data("status")[0]["states"]["cancelled"] == 4
    workspace.issue(ISSUE, "tide.md")
    workspace.run("send-issue", "tide", "--yes", "-q", "--limit", "4", expect=75)
    workspace.run("send-issue", "tide", "--yes", "-q")
    assert len({message.recipients[0] for message in server.taken[2:]}) == 6


def test_the_command_to_go_on_is_the_one_that_was_begun_with(workspace, server):
    workspace.people(4)
    workspace.run("lists", "create", "daily")
    workspace.run("lists", "create", "staff")
    asked = ("--list", "weekly", "--list", "daily", "--exclude", "staff", "--subject", "It's low tide")
    begun = workspace.run("send-issue", "harbour", *asked, "--yes", "-q", "--limit", "1", expect=75)
    (go_on,) = [line.partition("go on with: ")[2] for line in begun.stdout.splitlines() if "go on w" in line]
    assert shlex.split(go_on) == ["mailer", "send-issue", "harbour", *asked]
    workspace.run(*shlex.split(go_on)[1:], "--yes", "-q")
    assert len(server.taken) == 4


def test_who_leaves_in_mid_send_gets_nothing_more(workspace, server, slow_send):
    got = {message.recipients[0] for message in server.taken}
    late = [
        address for address in (f"reader{n}@inbox.example" for n in range(399, 300, -1)) if address not in got
    ]
    workspace.run("subscribers", "unsubscribe", late[0], "--list", "weekly")
    workspace.run("subscribers", "unsubscribe", late[1], "--all")
    slow_send.communicate(timeout=120)
    assert slow_send.returncode == 0
    got = {message.recipients[0] for message in server.taken}
    assert len(got) == 398
    assert not got & set(late[:2])
    words = workspace.run("deliveries", "harbour", "--state", "cancelled").stdout
    assert "after the audience was frozen" in words
