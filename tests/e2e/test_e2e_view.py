"""View in browser: the mail that went to one person, at the address that stood in it."""

from __future__ import annotations

import re
import zlib
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx
import pytest
from harbour_workspace import ISSUE, Workspace
from pictures import picture
from sqlalchemy import delete, select, update

from mailer.bootstrap import App
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.store.schema import revisions, subscribers

LINK = re.compile(r"https://gazette\.example(/view/[\w-]+)")
BODY = ISSUE + "\nFor {{ subscriber.name|default('a reader') }} of {{ subscriber.town|default('?') }}.\n"


@pytest.fixture
def sent(workspace: Workspace, server: ScriptedServer) -> Workspace:
    workspace.settings["BASE_URL"] = "https://gazette.example"
    workspace.issue(f"{BODY}\n![The quay](quay.png)\n")
    (workspace.root / "issues/quay.png").write_bytes(picture("PNG", 64, 32))
    (workspace.root / "people.csv").write_text(
        "email,name,town\nada@bay.example,Ada <b>Lovelace</b>,Bay\nbo@bay.example,,\n"
    )
    workspace.run("subscribers", "import", "people.csv", "--list", "weekly")
    workspace.run("send-issue", "harbour", "--yes")
    return workspace


def parts(message: bytes) -> tuple[str, str, EmailMessage]:
    """Return a mail's HTML, the path of the link in it, and the image that came with it."""
    mail = message_from_bytes(message, policy=policy.default)
    html = next(part for part in mail.walk() if part.get_content_type() == "text/html")
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    octets = html.get_payload(decode=True).decode()
    return octets, LINK.search(octets)[1], image


def test_it_is_the_mail_octet_for_octet(sent: Workspace, server: ScriptedServer) -> None:
    assert len(server.taken) == 2
    with sent.serving() as url:
        for each in server.taken:
            html, link, image = parts(each.content)
            page = httpx.get(f"{url}{link}", timeout=60)
            assert page.status_code == 200
            cid, encoded = image["Content-ID"].strip("<>"), "".join(image.get_payload().split())
            assert page.text == html.replace(f"cid:{cid}", f"data:image/png;base64,{encoded}")
            policy_said = page.headers["content-security-policy"]
            assert policy_said.startswith("sandbox ")
            assert "script" not in policy_said
            assert page.headers["referrer-policy"] == "no-referrer"
            assert page.headers["cache-control"].startswith("private")
            assert "noindex" in page.headers["x-robots-tag"]
        assert "Ada &lt;b&gt;Lovelace" in httpx.get(f"{url}{parts(server.taken[0].content)[1]}").text


def test_one_bit_more_or_less_leads_nowhere(sent: Workspace, server: ScriptedServer) -> None:
    _, link, _ = parts(server.taken[0].content)
    with sent.serving() as url, httpx.Client(base_url=url, timeout=60) as client:
        for place in range(len("/view/"), len(link)):
            other = "A" if link[place] != "A" else "B"
            assert client.get(f"{link[:place]}{other}{link[place + 1 :]}").status_code == 404
        assert client.post(link).status_code == 405


def test_the_link_to_unsubscribe_shows_a_mail_only_of_the_time_when_it_was_good_for_both(
    sent: Workspace, server: ScriptedServer
) -> None:
    html, _, _ = parts(server.taken[0].content)
    link = re.search(r"https://gazette\.example/u/([\w-]+)", html)[1]
    database = App(sent.root, sent.settings).database
    with sent.serving() as url:
        assert httpx.get(f"{url}/view/{link}").status_code == 404
        with database.begin() as connection:
            stored = connection.scalar(select(revisions.c.template))
            older = zlib.compress(zlib.decompress(stored).replace(b'"version":3', b'"version":2'))
            connection.execute(update(revisions).values(template=older))
        database.dispose()
        assert httpx.get(f"{url}/view/{link}").status_code == 200
        assert httpx.get(f"{url}/view/{link[:-3]}A").status_code == 404


def test_a_correction_is_for_whom_got_it(workspace: Workspace, server: ScriptedServer) -> None:
    workspace.settings["BASE_URL"] = "https://gazette.example"
    workspace.people(2)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", 1, expect=75)
    workspace.issue(ISSUE.replace("The ", "A corrected "))
    workspace.run("send-issue", "harbour", "--yes", "--corrected")
    with workspace.serving() as url:
        for each in server.taken:
            mail = message_from_bytes(each.content, policy=policy.default)
            html = next(part for part in mail.walk() if part.get_content_type() == "text/html")
            octets = html.get_payload(decode=True).decode()
            assert httpx.get(url + LINK.search(octets)[1]).text == octets


def test_nothing_is_shown_of_whoever_is_gone(sent: Workspace, server: ScriptedServer) -> None:
    _, link, _ = parts(server.taken[0].content)
    database = App(sent.root, sent.settings).database
    with database.begin() as connection:
        connection.execute(delete(subscribers).where(subscribers.c.email == "ada@bay.example"))
    database.dispose()
    with sent.serving() as url:
        page = httpx.get(f"{url}{link}")
        assert page.status_code == 410
        assert "Lovelace" not in page.text
        assert "This mail is no longer here" in page.text


def test_whose_record_was_joined_to_another_is_still_there(sent: Workspace, server: ScriptedServer) -> None:
    html, link, _ = parts(server.taken[0].content)
    assert "Lovelace" in html
    sent.run("subscribers", "merge", "bo@bay.example", "ada@bay.example", "--yes")
    with sent.serving() as url:
        page = httpx.get(f"{url}{link}")
        assert page.status_code == 200
        assert "Lovelace" in page.text


def test_without_base_url_no_mail_names_such_a_page(workspace: Workspace, server: ScriptedServer) -> None:
    workspace.people(1)
    workspace.run("send-issue", "harbour", "--yes")
    assert b"View in browser" not in server.taken[0].content
