"""What comes back by real mail servers: bounces of Postfix, a mailbox of Dovecot, LMTP."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from time import monotonic, sleep

import pytest
from dovecot import dovecot_server
from harbour_workspace import children
from postfix import postfix_server
from returned_mail import bounce

from mailer.domain.return_path import ReturnTokens
from mailer.sandbox.inbox import Inbox
from mailer.sandbox.process import running_sandbox

KEY = "a secret of the harbour"
SETTINGS = {
    "SECRET_KEY": KEY,
    "MAIL_FROM": "editor@gazette.example",
    "MAIL_RETURN_PATH": "bounces@news.example",
}
# Postfix takes every message, and finds out later: nobody has this mailbox, that one is full, one is refused.
LATE = {
    "virtual_alias_maps": "inline:{ {reader0@inbox.example=gone@late.test}"
    " {reader1@inbox.example=full@late.test} {reader2@inbox.example=spam@late.test} }",
    "transport_maps": "inline:{ {gone@late.test=error:5.1.1 no such user here}"
    " {full@late.test=error:5.2.2 the mailbox is full}"
    " {spam@late.test=error:5.7.1 refused by policy, looks like spam} }",
}


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 120
    while not holds():
        assert monotonic() < deadline
        sleep(0.05)


def test_bounces_of_postfix_suppress_the_right_person_only(workspace) -> None:
    workspace.people(4)
    workspace.settings |= SETTINGS
    with postfix_server(LATE) as server:
        workspace.settings["SMTP_PORT"] = str(server.port)
        workspace.run("send-issue", "harbour", "--yes", "-q")
        server.messages(at_least=4)  # three bounces, and the copy that arrived
        done = workspace.run("returns", "read", server.maildir)
        assert "hard 1" in done.stderr and "soft 1" in done.stderr and "blocked 1" in done.stderr
    suppressed = workspace.run("suppressions", "list").stdout
    assert "reader0@inbox.example" in suppressed and suppressed.count("@") == 1
    told = workspace.run("why", "reader1@inbox.example").stdout
    assert "soft, counted: mailbox full 5.2.2" in told
    report = workspace.data("returns", "report")
    assert [report["lines"][0][kind] for kind in ("accepted", "hard", "soft", "blocked")] == [4, 1, 1, 1]


def path_of_copy(workspace, folder) -> str:
    """Send to one person by the sandbox; return the return path of their copy."""
    workspace.people(1)
    workspace.settings |= SETTINGS
    with running_sandbox(folder) as sandbox:
        workspace.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        workspace.run("send-issue", "harbour", "--yes", "-q")
        inbox: Inbox = sandbox.inbox
        (received,) = inbox
        return str(received.sender)


def suppressed(workspace) -> bool:
    return "reader0@inbox.example" in workspace.run("suppressions", "list").stdout


def test_the_scheduler_reads_the_mailbox_beside_whatever_befalls_who_does(workspace, tmp_path) -> None:
    path = path_of_copy(workspace, tmp_path / "sandbox")
    assert ReturnTokens(KEY.encode()).find(path, _now())
    with dovecot_server() as server:
        server.deliver()
        workspace.settings |= server.settings("IMAP", server.imaps)
        running = workspace.start("run", "--every", "1")
        try:
            wait_until(lambda: len(children(running.pid)) == 1)
            (reading,) = children(running.pid)
            os.kill(reading, signal.SIGKILL)
            wait_until(lambda: children(running.pid) not in ([], [reading]))
            server.deliver(bounce(path, "reader0@inbox.example"))
            wait_until(lambda: suppressed(workspace))
        finally:
            running.terminate()
            _, said = running.communicate(timeout=120)
        assert running.returncode == 0, said
        assert "was lost (signal 9); it begins again in 1 s." in said
        (name,) = server.messages()
        assert name.endswith("S")
        assert workspace.run("returns", "fetch").stderr.startswith("0 messages read")


@contextmanager
def listening(workspace, *options: str) -> Iterator[None]:
    running: subprocess.Popen[str] = workspace.start("returns", "listen", *options)
    try:
        assert running.stderr and "by LMTP" in running.stderr.readline()
        yield
    finally:
        running.terminate()
        running.communicate(timeout=120)


@pytest.mark.parametrize("delivered_to_copy", [True, False])
def test_lmtp_takes_what_a_mail_server_brings(workspace, tmp_path, delivered_to_copy: bool) -> None:
    path = path_of_copy(workspace, tmp_path / "sandbox")
    place = tmp_path / "lmtp"
    with listening(workspace, "--socket", str(place)), closing(smtplib.LMTP(str(place))) as client:
        to = path if delivered_to_copy else "bounces@news.example"
        message = bounce("undisclosed", "reader0@inbox.example")
        client.ehlo()
        client.mail("")
        assert {client.rcpt(each)[0] for each in (to, "another@news.example")} == {250}
        # RFC 2033: one reply for each recipient, of which smtplib reads the first.
        assert client.data(message)[0] == client.getreply()[0] == 250
    assert suppressed(workspace) == delivered_to_copy


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)
