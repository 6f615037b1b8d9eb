"""`pause`, `resume` and `cancel` from another terminal; and people who leave in mid-send."""

from __future__ import annotations

import time

import pytest


@pytest.fixture
def slow_send(workspace, server):
    """A send of 400 at 60 a second, once it is under way; it is stopped at the end."""
    workspace.people(400)
    process = workspace.start("send-issue", "harbour", "--yes", "-q", "--rate", "60")
    while len(server.taken) < 30:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    yield process
    process.kill()
    process.communicate()


def test_a_pause_takes_effect_within_a_second_and_resume_goes_on(workspace, server, slow_send):
    workspace.run("pause", "harbour")
    paused = time.monotonic()
    out, errors = slow_send.communicate(timeout=10)
    assert time.monotonic() - paused < 3, "the process ends soon"
    assert slow_send.returncode == 75, errors
    sent = len(server.taken)
    assert "mailer resume harbour" in out
    assert 30 <= sent < 300
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
    _, errors = slow_send.communicate(timeout=10)
    assert slow_send.returncode == 0, errors
    sent = len(server.taken)
    workspace.run("tick")
    assert "nothing to do" in workspace.run("send-issue", "harbour", "--yes").stderr
    assert len(server.taken) == sent < 300
    verified = workspace.data("verify", "harbour")[0]
    assert verified["clean"]
    assert (verified["states"]["accepted"], verified["states"]["cancelled"]) == (sent, 400 - sent)
    workspace.run("pause", "harbour", expect=2)


def test_who_leaves_in_mid_send_gets_nothing_more(workspace, server, slow_send):
    got = {message.recipients[0] for message in server.taken}
    late = [
        address for address in (f"reader{n}@inbox.example" for n in range(399, 300, -1)) if address not in got
    ]
    workspace.run("subscribers", "unsubscribe", late[0], "--list", "weekly")
    workspace.run("subscribers", "unsubscribe", late[1], "--all")
    slow_send.communicate(timeout=30)
    assert slow_send.returncode == 0
    got = {message.recipients[0] for message in server.taken}
    assert len(got) == 398
    assert not got & set(late[:2])
    words = workspace.run("deliveries", "harbour", "--state", "cancelled").stdout
    assert "after the audience was frozen" in words
