"""The demo proves what it says, and notices when it is not so."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.sandbox.inbox import Inbox
from mailer.sandbox.proof import mismatches

MESSAGE = (
    "Message-ID: <{identity}@gazette.example>\r\nTo: {to}\r\nSubject: Harbour\r\n"
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    "--b\r\nContent-Type: text/html\r\n\r\n<html>Hello</html>\r\n--b--\r\n"
)


@pytest.fixture
def inbox(tmp_path):
    with Inbox(tmp_path / "inbox") as opened:
        yield opened


def receive(inbox: Inbox, *addresses: str, message: str = MESSAGE, identity: str = "") -> None:
    for address in addresses:
        inbox.add(
            message.format(to=address, identity=identity or inbox.count()).encode(),
            sender="editor@gazette.example",
            recipients=(address,),
            ehlo="test",
            received=datetime.now(UTC),
        )


def test_one_message_each_is_a_match(inbox):
    receive(inbox, "ann@a.example", "ben@a.example")
    assert mismatches(inbox, ["ben@a.example", "ann@a.example"]) == []


def test_every_kind_of_mismatch_is_named(inbox):
    receive(inbox, "ann@a.example", "ann@a.example", "cat@a.example")
    receive(inbox, "dan@a.example", message=MESSAGE.replace("</html>", ""))
    receive(inbox, "eve@a.example", "fay@a.example", identity="same")
    receive(inbox, "gus@a.example", message=MESSAGE.replace("To: {to}", "To: hal@a.example"))
    expected = ["ann", "ben", "dan", "eve", "fay", "gus"]
    found = mismatches(inbox, [f"{name}@a.example" for name in expected])
    assert found == [
        "1 got no message: ben@a.example",
        "1 got a message and should not have: cat@a.example",
        "1 got more than one: ann@a.example",
        "2 does not read back: dan@a.example: it has no HTML part, gus@a.example: To is not the recipient",
        "1 shares its Message-ID: <same@gazette.example>",
    ]


def test_the_demo_ends_well_and_leaves_the_mail_to_look_at():
    done = subprocess.run(
        [sys.executable, "-m", "mailer", "demo", "--recipients", "60"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # Whatever is set outside, a demo mails nobody but its own sandbox.
        env={"PATH": "/usr/bin:/bin", "SMTP_HOST": "smtp.provider.example", "SMTP_PORT": "25"},
    )
    assert done.returncode == 0, done.stderr
    assert "exactly one message for each of the 60 eligible people, none for the 11 excluded" in done.stderr
    assert "accepted 60   failed 0   deferred 0   uncertain 0" in done.stdout
    page = Path(re.search(r"to open in a browser: (\S+)", done.stderr)[1])
    assert "</html>" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in page.parent.iterdir()) == ["mail.html"]
    # It names nothing that is gone when it has ended.
    assert [path for path in re.findall(r"/[\w/.-]+", done.stderr) if not Path(path).exists()] == []
    assert "http://" not in done.stderr
