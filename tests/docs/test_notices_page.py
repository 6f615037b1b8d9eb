"""The page about notices is followed, with a mailbox and a webhook on loopback in the place of its own."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from standardwebhooks.webhooks import Webhook
from test_moving_pages import ROOT, steps
from web_site import LOOPBACK, Page, web_site

from mailer.domain.admin_notice import NoticeEvent
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

PAGE = (ROOT / "docs" / "how-to" / "notices.md").read_text(encoding="utf-8")


def settings() -> dict[str, str]:
    """What the page writes into `.env`."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return dict(line.split("=", 1) for block in blocks for line in block.splitlines())


@pytest.mark.peers
def test_the_page_about_notices_can_be_followed(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    with rehearsal(ScriptedServer()) as server, web_site() as site:
        own = {"SMTP_PORT": str(server.port), "POSTAL_ADDRESS": "1 Quay Street, Port Example"}
        own |= {"DATABASE_URL": "sqlite:///mailer.db", "NOTICE_NETWORKS": LOOPBACK}
        workspace = Workspace(tmp_path, own | settings() | {"NOTICE_WEBHOOK": site.at("/mailer")})
        test, listed, show, retry = (shlex.split(command)[1:] for command, _ in steps("notices.md"))
        done = workspace.run(*test, expect=75)
        assert "mail: accepted: 250" in done.stdout
        assert "the server says 404 Not Found" in done.stdout
        assert "notice.test" in workspace.run(*listed).stdout
        assert "tried 1x, again" in workspace.run(*listed).stdout
        assert "404 Not Found" in workspace.run(*show).stdout
        site.pages["/mailer"] = Page(status=200)
        assert workspace.run(*retry).stdout == "Tried again, ways: 1.\n"
        fields, body = site.posted[-1]
        told = Webhook(settings()["NOTICE_SECRET"]).verify(body, fields)
        assert told["type"] == "notice.test"
        (notice,) = workspace.data("notices", "list")
        assert {each["state"] for each in notice["ways"]} == {"told"}
        workspace.run("lists", "create", "weekly")
        workspace.people(1)
        workspace.settings["NOTICES"] = "send"
        workspace.issue(name="harbour.md")
        workspace.run("send-issue", "harbour", "--list", "weekly", "--yes")
        told = json.loads(site.posted[-1][1])
        (sample,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        assert shape(told) == shape(json.loads(sample)) | {"states"}
        assert told["type"] == "send.finished"


def shape(told: dict) -> set[str]:
    """The keys of a notice, at whatever depth, but those of its states."""
    assert set(told["data"]["send"]["states"]) >= {"accepted", "failed"}
    return {*told, *told["data"], *told["data"]["send"]}


def test_every_event_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`[a-z]+\..*?) \|", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert named == {*NoticeEvent} - {NoticeEvent.TEST}
