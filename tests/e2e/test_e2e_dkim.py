"""A signed send, through two mail servers that others wrote, read by two programs that others wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dkim_readers import READERS, by_dkimpy, ed25519_key, records, rsa_key
from harbour_workspace import Workspace
from postfix import postfix_server

from mailer.errors import ExitCode
from mailer.message.dkim.key import SigningKey
from mailer.sandbox.process import running_sandbox

HARBOUR = Path(__file__).parents[2] / "issues" / "2026-11-22-harbour.md"
PEOPLE = """\
email,name
ada@quay.example,Ada Quint
zoe@quay.example,"Ångström, Zoë"
zoë.ångström@quay.example,
bob@quay.example,
"""
EVERYONE = {"ada@quay.example", "zoe@quay.example", "zoë.ångström@quay.example", "bob@quay.example"}


def write_key(path: Path, key: SigningKey, mode: int = 0o600) -> None:
    path.write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(mode)


@pytest.fixture
def signing(workspace):
    """The workspace with a real issue, real people, and two keys."""
    (workspace.root / "issues" / "harbour.md").write_text(
        HARBOUR.read_text(encoding="utf-8"), encoding="utf-8"
    )
    (workspace.root / "issues" / "2026-11-22-harbour.md").unlink()
    (workspace.root / "people.csv").write_text(PEOPLE, encoding="utf-8")
    workspace.run("subscribers", "import", workspace.root / "people.csv", "--list", "weekly")
    write_key(workspace.root / "news1.pem", rsa_key())
    write_key(workspace.root / "news2.pem", ed25519_key())
    workspace.settings |= {
        "BASE_URL": "http://127.0.0.1:8000",
        "DKIM_DOMAIN": "gazette.example",
        "DKIM_SELECTOR": "news1",
        "DKIM_KEY_FILE": "news1.pem",
        "DKIM_ED25519_SELECTOR": "news2",
        "DKIM_ED25519_KEY_FILE": "news2.pem",
    }
    return workspace


def send(workspace: Workspace, port: int) -> None:
    workspace.settings["SMTP_PORT"] = str(port)
    workspace.run("send-issue", "harbour", "--list", "weekly", "--yes", "-q")


def check(messages: list[bytes]) -> None:
    """Each recipient has one message, and each reader believes both of its signatures until it is changed."""
    found = [re.search(rb"^To: .*?([^\s<]+@[^\s>]+)", message, re.MULTILINE) for message in messages]
    assert {to[1].decode() for to in found if to} == EVERYONE
    assert len(messages) == len(EVERYONE)
    tampered = [each.replace(b"List-Unsubscribe: <http", b"List-Unsubscribe: <gttp") for each in messages]
    dns = records(rsa_key(), ed25519_key())
    for read in READERS:
        assert read(messages, dns) == [{"news1": True, "news2": True}] * len(messages)
        assert read(tampered, dns) == [{"news1": False, "news2": False}] * len(messages)


def test_signatures_hold_after_postfix(signing):
    with postfix_server() as server:
        send(signing, server.port)
        # Postfix keeps mail with LF, as its Maildir wants it.
        check([each.replace(b"\n", b"\r\n") for each in server.messages(at_least=len(EVERYONE))])


def test_signatures_hold_after_the_sandbox(signing, tmp_path):
    with running_sandbox(tmp_path / "inbox") as sandbox:
        send(signing, sandbox.smtp_port)
        check([sandbox.inbox.raw(each.id) for each in sandbox.inbox])


def test_what_is_only_written_or_tried_is_signed_too(signing, tmp_path):
    signing.run("send-issue", "harbour", "--list", "weekly", "--dry-run", "-o", tmp_path / "try", "-q")
    check([path.read_bytes() for path in (tmp_path / "try").glob("*.eml")])
    with running_sandbox(tmp_path / "inbox") as sandbox:
        signing.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        signing.run("send-issue", "harbour", "--list", "weekly", "--test", "ada@quay.example")
        (message,) = [sandbox.inbox.raw(each.id) for each in sandbox.inbox]
    assert by_dkimpy([message], records(rsa_key(), ed25519_key())) == [{"news1": True, "news2": True}]


def test_an_issue_from_another_domain_is_refused(signing):
    path = signing.root / "issues" / "harbour.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("---\n", "---\nfrom: Quay <news@quay.example>\n", 1), encoding="utf-8")
    done = signing.run("send-issue", "harbour", "--list", "weekly", "--yes", expect=ExitCode.USAGE)
    assert "DKIM_DOMAIN = gazette.example" in done.stderr
    assert "quay.example" in done.stderr


def test_the_plan_warns_of_an_open_key(signing):
    write_key(signing.root / "news1.pem", rsa_key(), 0o644)
    done = signing.run("send-issue", "harbour", "--list", "weekly", "--dry-run")
    assert "DKIM_KEY_FILE is open to everyone" in done.stdout + done.stderr


def test_a_key_that_is_gone_stops_a_send_before_it_begins(signing):
    (signing.root / "news2.pem").unlink()
    done = signing.run("send-issue", "harbour", "--list", "weekly", "--yes", expect=ExitCode.USAGE)
    assert "DKIM_ED25519_KEY_FILE" in done.stderr
    assert signing.data("status") == []
