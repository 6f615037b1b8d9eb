"""What `mailer preview` shows is what `send-issue` sends, octet for octet."""

from __future__ import annotations

import re
from email import message_from_bytes
from pathlib import Path

import pytest
from harbour_workspace import Workspace

from mailer.sandbox.process import running_sandbox

READER = "reader1@inbox.example"
# What belongs to the moment and to the send: the second is known only once there is one.
OWN = re.compile(rb"^(Date|Message-ID): .*(?:\r\n[ \t].*)*\r\n", re.MULTILINE)
TOKEN = re.compile(rb"(?<=/u/)[\w-]+|(?<=/view/)[\w-]+|(?<=/p/)[\w-]+")


GREEK = """\
---
title: Το ρολόι του λιμανιού
subject: Καλημέρα, {{ subscriber.name|default("αναγνώστη") }}
list: weekly
lang: el
---
Καλημέρα, {{ subscriber.name|default("αναγνώστη") }}. Το ρολόι χτυπάει και πάλι, στο παλιό παγοποιείο.
"""


def comparable(message: bytes) -> list[bytes]:
    """Header and decoded parts without what can't be the same: a token's length moves all that follows."""
    parts = [leaf for leaf in message_from_bytes(message).walk() if not leaf.is_multipart()]
    header = OWN.sub(b"", message.partition(b"\r\n\r\n")[0])
    contents = [leaf.get_payload(decode=True) for leaf in parts]
    return [TOKEN.sub(b"TOKEN", each) for each in (header, *contents)]


@pytest.mark.parametrize("base_url", ["", "http://127.0.0.1:8000"])
@pytest.mark.parametrize("text", [None, GREEK])
def test_the_message_is_the_one_that_is_sent(
    workspace: Workspace, tmp_path: Path, base_url: str, text: str | None
) -> None:
    workspace.people(3)
    if text:
        workspace.issue(text)
    workspace.settings["BASE_URL"] = base_url
    output = tmp_path / "harbour.eml"
    workspace.run("preview", "harbour", "--as", READER, "-o", output)
    with running_sandbox(tmp_path / "inbox") as sandbox:
        workspace.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        workspace.run("send-issue", "harbour", "--yes")
        (received,) = (each for each in sandbox.inbox if each.recipients == (READER,))
        sent = sandbox.inbox.raw(received.id)
    previewed = output.read_bytes()
    if not base_url:
        assert OWN.sub(b"", previewed) == OWN.sub(b"", sent)
    assert comparable(previewed) == comparable(sent)
    assert len(OWN.findall(sent)) == 2


def test_a_link_in_a_preview_takes_nobody_off_a_list(workspace: Workspace) -> None:
    from mailer.domain.signed_links import read_token

    workspace.people(2)
    workspace.settings["BASE_URL"] = "http://127.0.0.1:8000"
    html = workspace.run("preview", "harbour", "--as", READER, "--html").stdout
    (token,) = set(re.findall(r"/u/([\w-]+)", html))
    read = read_token(b"not-so-secret", token)
    assert read is not None
    assert (read.send_id, read.subscriber_id) == (0, 0)


def test_it_records_nothing(workspace: Workspace) -> None:
    workspace.people(2)
    workspace.run("preview", "harbour")
    assert workspace.data("status") == []
