"""The same issue through two mail servers that others wrote, read back by a parser that others wrote."""

from __future__ import annotations

import email
import re
import shutil
import tempfile
from email.policy import default
from pathlib import Path

import pytest
import trustme
from postfix import postfix_server

from mailer.sandbox.inbox import Inbox
from mailer.sandbox.process import running_sandbox

GAZETTE = Path(__file__).parents[1] / "data" / "gazette.txt"
HARBOUR = Path(__file__).parents[2] / "issues" / "2026-11-22-harbour.md"


def read(messages: list[bytes]) -> dict[str, tuple[str, str, str]]:
    """Return subject, text and HTML of each message by its recipient, as Python's own parser reads them."""
    found = {}
    for octets in messages:
        message = email.message_from_bytes(octets, policy=default)
        assert not message.defects
        # Postfix keeps mail with LF, as its Maildir wants it.
        text, html = (
            message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html")
        )
        found[message["To"].addresses[0].addr_spec] = (message["Subject"], text, html)
    return found


def through_postfix(workspace, people: int, *options) -> tuple[dict[str, tuple[str, str, str]], str]:
    with postfix_server(*options) as server:
        workspace.settings["SMTP_PORT"] = str(server.port)
        workspace.run("send-issue", "peers", "--list", "weekly", "--yes", "-q")
        messages = read(server.messages(at_least=people, within=120))
        return messages, server.log.read_text()


def through_aiosmtpd(workspace, folder: Path) -> dict[str, tuple[str, str, str]]:
    with running_sandbox(folder) as sandbox:
        workspace.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        workspace.run("send-issue", "peers", "--list", "weekly", "--yes", "-q", "--again")
        inbox: Inbox = sandbox.inbox
        return read([inbox.raw(received.id) for received in inbox])


@pytest.mark.parametrize("source", [HARBOUR, GAZETTE], ids=["markdown", "plain text"])
def test_postfix_and_aiosmtpd_deliver_the_same_issue(workspace, tmp_path, source):
    workspace.people(40)
    body = source.read_text(encoding="utf-8")
    suffix = source.suffix
    (workspace.root / "issues" / f"peers{suffix}").write_text(
        body.replace("slug: harbour", "slug: peers"), encoding="utf-8"
    )
    first, _ = through_postfix(workspace, 40)
    second = through_aiosmtpd(workspace, tmp_path / "inbox")
    assert len(first) == 40
    assert first == second
    workspace.run("verify", "peers")


@pytest.fixture
def certificate(tmp_path):
    """Make a certificate for localhost: `server.pem` has it with its key, `ca.pem` says whom to trust."""
    # Where Postfix's own users get to.
    folder = Path(tempfile.mkdtemp(prefix="tls-"))
    folder.chmod(0o755)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    yield folder
    shutil.rmtree(folder)


def test_a_server_with_everything_and_one_with_nothing_get_the_same_thousand(
    workspace, tmp_path, certificate
):
    workspace.people(1000)
    (workspace.root / "issues" / "peers.md").write_text(
        HARBOUR.read_text(encoding="utf-8").replace("slug: harbour", "slug: peers"), encoding="utf-8"
    )
    plain = dict(workspace.settings)
    workspace.settings |= {
        "SMTP_HOST": "localhost",
        "SMTP_SECURITY": "starttls",
        "SMTP_CA_FILE": str(certificate / "ca.pem"),
        "SMTP_USERNAME": "editor",
        "SMTP_PASSWORD": "tides and times",
    }
    tls = {
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_chain_files": f"{certificate}/server.pem",
        "smtpd_tls_auth_only": "yes",
    }
    first, log = through_postfix(workspace, 1000, tls, {"editor": "tides and times"})
    # What was used, as Postfix counts it.
    chunks = re.findall(r"disconnect from .* starttls=1 auth=1 .* bdat=(\d+)", log)
    assert sum(map(int, chunks)) == 1000
    assert "sasl_username=editor@harbour.test" in log
    workspace.settings = plain
    second = through_aiosmtpd(workspace, tmp_path / "inbox")
    assert len(first) == 1000
    assert first == second
    workspace.run("verify", "peers")


def test_every_character_of_a_newspaper_article_arrives_as_typed(workspace, tmp_path):
    workspace.people(1)
    article = GAZETTE.read_text(encoding="utf-8")
    (workspace.root / "issues" / "peers.txt").write_text(article, encoding="utf-8")
    with running_sandbox(tmp_path / "inbox") as sandbox:
        workspace.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        workspace.run("send-issue", "peers", "--list", "weekly", "--yes", "-q")
        ((_, text, html),) = read([sandbox.inbox.raw(each.id) for each in sandbox.inbox]).values()
    from lxml.html import document_fromstring

    seen = " ".join(document_fromstring(html).text_content().split())
    body = article.split("\n---\n", 1)[-1] if article.startswith("---") else article
    for paragraph in filter(None, (part.strip() for part in body.split("\n\n"))):
        words = " ".join(paragraph.split())
        assert words in seen
        assert words in " ".join(text.split())
