from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from mailer.errors import UsageError
from mailer.sandbox.inbox import Inbox
from mailer.sandbox.process import Sandbox, running_sandbox

SANDBOX = [sys.executable, "-m", "mailer", "sandbox", "--smtp-port", "0", "--http-port", "0"]


def gone(pid: int) -> bool:
    """Whether the process ends within two minutes; one that nobody has waited for yet counts as ended."""
    for _ in range(2400):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def connect(sandbox: Sandbox) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", sandbox.smtp_port, local_hostname="client.example")


def talk(sandbox: Sandbox, *lines: bytes) -> bytes:
    """Send `lines` one by one, each once the last has its answer, and return every reply."""
    with (
        socket.create_connection(("127.0.0.1", sandbox.smtp_port), timeout=120) as wire,
        wire.makefile("rb") as replies,
    ):
        said = [replies.readline()]
        for line in lines:
            wire.sendall(line)
            said.append(replies.readline())
            while said[-1][3:4] == b"-":
                said.append(replies.readline())
    return b"".join(said)


def test_five_hundred_messages_arrive_exactly(sandbox: Sandbox) -> None:
    sent = {
        f"reader-{i}@bay.example": f"Subject: {i}\r\n\r\n.dot\r\n..\r\n{'x' * 998}\r\n".encode() * (i % 3 + 1)
        for i in range(500)
    }
    with connect(sandbox) as client:
        for recipient, content in sent.items():
            client.sendmail("editor@gazette.example", recipient, content)
    assert sandbox.inbox.count() == 500
    got = {each.recipients: sandbox.inbox.raw(each.id) for each in sandbox.inbox}
    assert got == {(recipient,): content for recipient, content in sent.items()}
    assert {(each.sender, each.ehlo) for each in sandbox.inbox} == {
        ("editor@gazette.example", "client.example")
    }


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.a\r\n",
        b"Subject: 8-bit\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
        b"Subject: as long as a line may be\r\n\r\n" + b"x" * 998 + b"\r\n." + b"y" * 997 + b"\r\n",
        b"Subject: bare ends\r\n\r\na\nb\rc\r\n",
        b"no header at all\r\n",
        b"\r\n",
    ],
)
def test_odd_content_is_kept_octet_for_octet(sandbox: Sandbox, content: bytes) -> None:
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    replies = talk(
        sandbox,
        b"EHLO client.example\r\n",
        b"MAIL FROM:<> BODY=8BITMIME\r\n",
        b"RCPT TO:<ada@bay.example>\r\n",
        b"DATA\r\n",
        stuffed + b".\r\n",
    )
    assert b"\r\n250 2.0.0 Kept as message 1\r\n" in replies
    assert sandbox.inbox.raw(1) == content


def test_addresses_beyond_ascii_are_taken(sandbox: Sandbox) -> None:
    with connect(sandbox) as client:
        client.sendmail(
            "editor@gazette.example",
            ["жанна@порт.example"],
            b"Subject: x\r\n\r\n",
            mail_options=["SMTPUTF8", "BODY=8BITMIME"],
        )
    (received,) = sandbox.inbox
    assert received.recipients == ("жанна@порт.example",)
    assert sandbox.inbox.count("ЖАННА") == 1


def test_an_address_that_is_not_even_text_is_kept_in_a_form_that_can_be_shown(sandbox: Sandbox) -> None:
    talk(
        sandbox,
        b"EHLO c\r\n",
        b"MAIL FROM:<a@x.example> SMTPUTF8\r\n",
        b"RCPT TO:<\xff@bay.example>\r\n",
        b"DATA\r\n",
        b"\r\n.\r\n",
    )
    (received,) = sandbox.inbox
    assert received.recipients == (r"\xff@bay.example",)


def test_a_message_over_25_mb_is_refused_and_the_next_is_taken(sandbox: Sandbox) -> None:
    large = b"Subject: large\r\n\r\n" + (b"x" * 998 + b"\r\n") * (25 * 1024 * 1024 // 1000)
    with connect(sandbox) as client:
        assert int(client.ehlo()[0]) == 250
        assert client.esmtp_features["size"] == str(25 * 1024 * 1024)
        client.esmtp_features.pop("size")  # or smtplib would announce the size, and be refused before DATA
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("e@gazette.example", "ada@bay.example", large + b"x" * 998 + b"\r\n" * 600)
        assert refused.value.smtp_code == 552
        client.sendmail("e@gazette.example", "ada@bay.example", large[: -1024 * 1024])
    assert sandbox.inbox.count() == 1


def test_a_disk_that_is_full_defers_the_message(sandbox: Sandbox) -> None:
    messages = sandbox.inbox.folder / "messages"
    messages.rename(messages.with_name("elsewhere"))  # the nearest to a full disk that needs no other disk
    with connect(sandbox) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("e@gazette.example", "ada@bay.example", b"\r\n")
        assert refused.value.smtp_code == 452
        messages.with_name("elsewhere").rename(messages)
        client.sendmail("e@gazette.example", "ada@bay.example", b"\r\n")
    assert sandbox.inbox.count() == 1


def test_whatever_was_answered_250_survives_kill_9(tmp_path: Path) -> None:
    folder, answered = tmp_path / "inbox", 0
    with running_sandbox(folder) as sandbox:
        threading.Timer(0.7, os.kill, (sandbox.pid, signal.SIGKILL)).start()
        with pytest.raises((smtplib.SMTPException, OSError)), connect(sandbox) as client:
            while True:
                client.sendmail(
                    "e@gazette.example", f"r{answered}@bay.example", f"Subject: {answered}\r\n\r\n"
                )
                answered += 1
    assert answered > 20
    inbox = Inbox(folder)
    kept = [(each.recipients, each.subject) for each in inbox]
    # The one that was under way may be there too.
    assert kept[:answered] == [((f"r{i}@bay.example",), str(i)) for i in range(answered)]
    assert len(kept) <= answered + 1
    assert all(inbox.raw(each.id) == f"Subject: {each.subject}\r\n\r\n".encode() for each in inbox)
    with running_sandbox(folder) as again, connect(again) as client:
        client.sendmail("e@gazette.example", "later@bay.example", "Subject: later\r\n\r\n")
        assert [each.subject for each in again.inbox][-1] == "later"


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        pid = sandbox.pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()


def test_it_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    parent = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from mailer.sandbox.process import running_sandbox
        with running_sandbox(Path(sys.argv[1])) as sandbox:
            print(sandbox.pid, flush=True)
            time.sleep(60)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", parent, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        running.kill()
    assert gone(pid)


def test_clients_that_behave_badly_leave_no_noise(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running_sandbox(tmp_path) as sandbox:
        talk(sandbox, b"\xff\xfe\r\n", b"NONSENSE\r\n", b"EHLO \r\n", b"DATA\r\n")
        for _ in range(3):
            rude = socket.create_connection(("127.0.0.1", sandbox.smtp_port))
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close with a reset
            rude.sendall(b"EHLO c\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nhalf")
            rude.close()
        with connect(sandbox) as client:
            client.sendmail("e@gazette.example", "ada@bay.example", b"\r\n")
        assert sandbox.inbox.count() == 1
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as refused, running_sandbox(tmp_path, smtp_port=port):
            pass
        assert refused.value.problem == f"port {port} on 127.0.0.1 is in use by another program"
        assert "--smtp-port" in str(refused.value.next_step)
        command = [*SANDBOX, "--http-port", str(port), "--folder", str(tmp_path)]
        by_hand = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
        assert by_hand.returncode == 2
        assert f"port {port} on 127.0.0.1 is in use" in by_hand.stderr
        assert "--http-port" in by_hand.stderr
        assert by_hand.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*SANDBOX, "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        said = json.loads(running.stdout.readline())
        assert Path(said["folder"]).is_dir()
        with smtplib.SMTP("127.0.0.1", said["smtp_port"]) as idle:  # an open connection doesn't hold it up
            idle.ehlo()
            running.send_signal(number)
            assert running.wait(120) == 0
        assert running.stderr.read() == ""
        assert not Path(said["folder"]).exists()  # it was a temporary one


def test_nobody_else_can_reach_it(sandbox: Sandbox) -> None:
    # 127.0.0.2 is this machine too, but not the address that it listens on.
    for port in (sandbox.smtp_port, sandbox.http_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=120)
