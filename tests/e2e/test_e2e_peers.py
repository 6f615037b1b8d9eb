"""The same issue through two mail servers that others wrote, read back by a parser that others wrote."""

from __future__ import annotations

import email
from email.policy import default
from pathlib import Path

import pytest
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


def through_postfix(workspace, people: int) -> dict[str, tuple[str, str, str]]:
    with postfix_server() as server:
        workspace.settings["SMTP_PORT"] = str(server.port)
        workspace.run("send-issue", "peers", "--list", "weekly", "--yes", "-q")
        return read(server.messages(at_least=people))


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
    first = through_postfix(workspace, 40)
    second = through_aiosmtpd(workspace, tmp_path / "inbox")
    assert len(first) == 40
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
