"""An issue with images and attachments, sent by the command line to a server that keeps what it takes."""

from __future__ import annotations

import random
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from harbour_workspace import ISSUE, Workspace
from pictures import picture

from mailer.sandbox.scripted_server import ScriptedServer

SHOWN = f"{ISSUE}\n![The quay](quay.jpg)\n"
QUAY = picture("JPEG", 1280, 640)


@pytest.fixture
def illustrated(workspace: Workspace) -> Workspace:
    workspace.issue(SHOWN)
    (workspace.root / "issues/quay.jpg").write_bytes(QUAY)
    return workspace


def mails(server: ScriptedServer) -> list[EmailMessage]:
    strict = policy.default.clone(raise_on_defect=True)
    return [message_from_bytes(each.content, policy=strict) for each in server.taken]


def test_everybody_gets_every_octet(illustrated: Workspace, server: ScriptedServer) -> None:
    papers = random.Random(7).randbytes(3_000_000)
    (illustrated.root / "issues/papers.bin").write_bytes(papers)
    illustrated.issue(SHOWN.replace("list: weekly", "list: weekly\nattachments: papers.bin"))
    illustrated.people(6)
    illustrated.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 6
    for mail in mails(server):
        quay, attached = (part for part in mail.walk() if part.get_filename())
        assert quay.get_payload(decode=True) == QUAY
        assert attached.get_payload(decode=True) == papers
        cid = quay["Content-ID"].strip("<>")
        assert f'src="cid:{cid}"' in mail.get_body(("html",)).get_content()
    assert illustrated.data("verify", "harbour")[0]["clean"]


def test_linked_images_are_served_as_they_were_sent(illustrated: Workspace, server: ScriptedServer) -> None:
    illustrated.people(1)
    with illustrated.serving() as url:
        illustrated.settings |= {"BASE_URL": url, "MAIL_IMAGES": "linked"}
        illustrated.run("send-issue", "harbour", "--yes")
        (mail,) = mails(server)
        assert mail.get_content_type() == "multipart/alternative"
        found = re.search(r'src="([^"]+)"', mail.get_body(("html",)).get_content())
        assert found
        assert found[1].startswith(f"{url}/images/")
        assert httpx.get(found[1]).content == QUAY


def test_linked_images_need_an_address(illustrated: Workspace) -> None:
    illustrated.people(1)
    illustrated.settings["MAIL_IMAGES"] = "linked"
    said = illustrated.run("send-issue", "harbour", "--yes", expect=2).stderr
    assert "MAIL_IMAGES = linked, but there is no BASE_URL" in said
    illustrated.settings["MAIL_IMAGES"] = "attached"
    assert "MAIL_IMAGES = 'attached'" in illustrated.run("send-issue", "harbour", "--yes", expect=2).stderr


def test_another_picture_is_another_issue(illustrated: Workspace, server: ScriptedServer) -> None:
    illustrated.people(2)
    illustrated.run("send-issue", "harbour", "--yes", "--limit", "1", expect=75)
    (illustrated.root / "issues/quay.jpg").write_bytes(picture("JPEG", 1280, 641))
    assert "was edited since" in illustrated.run("send-issue", "harbour", "--yes", expect=3).stderr
    (illustrated.root / "issues/quay.jpg").write_bytes(QUAY)
    illustrated.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 2


def test_a_missing_image_names_its_line(illustrated: Workspace) -> None:
    path: Path = illustrated.root / "issues/2026-11-22-harbour.md"
    (illustrated.root / "issues/quay.jpg").rename(illustrated.root / "issues/Quay.jpg")
    said = illustrated.run("send-issue", "harbour", "--yes", expect=2).stderr
    assert f"{path}:10: image 'quay.jpg' does not exist" in said
    assert "Did you mean Quay.jpg?" in said


def test_a_dry_run_writes_them_too(illustrated: Workspace, tmp_path: Path) -> None:
    illustrated.people(1)
    out = tmp_path / "out"
    illustrated.run("send-issue", "harbour", "--dry-run", "-o", out)
    (file,) = out.iterdir()
    assert QUAY in [part.get_payload(decode=True) for part in message_from_bytes(file.read_bytes()).walk()]
