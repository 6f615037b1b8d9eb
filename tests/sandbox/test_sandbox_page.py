from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import pytest

from mailer.sandbox.process import Sandbox, running_sandbox

PIXEL = base64.b64decode("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("inbox")) as running:
        yield running


@pytest.fixture
def page(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url) as client:
        yield client


def newsletter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Harbour Gazette <editor@gazette.example>"
    message["To"] = "ada@bay.example"
    message["Subject"] = "Ferry <b>& tides"
    message.set_content("Low water at six.\n")
    message.add_alternative("<!doctype html><html><head><title>x</title></head><p>Low water", subtype="html")
    return message


def send(sandbox: Sandbox, content: bytes, *recipients: str) -> int:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as client:
        client.sendmail("editor@gazette.example", recipients or ["ada@bay.example"], content)
    return sandbox.inbox.newest(limit=1)[0].id


def test_each_view_shows_its_part(sandbox: Sandbox, page: httpx.Client) -> None:
    content = newsletter().as_bytes(policy=SMTP)
    number = send(sandbox, content)
    views = {
        view: page.get(f"/messages/{number}", params={"view": view}).text
        for view in ("html", "text", "source", "headers")
    }
    assert f'src="/messages/{number}/html"' in views["html"]
    assert "<p>Low water" in page.get(f"/messages/{number}/html").text
    assert "Low water at six." in views["text"]
    assert "Content-Type: multipart/alternative" in views["source"]
    assert "Subject: Ferry &lt;b&gt;&amp; tides" in views["source"]
    assert '<th scope="row">Subject</th><td>Ferry &lt;b&gt;&amp; tides</td>' in views["headers"]
    assert all("<h1>Ferry &lt;b&gt;&amp; tides</h1>" in html for html in views.values())
    raw = page.get(f"/messages/{number}/raw")
    assert raw.content == content
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.headers["content-disposition"] == f'attachment; filename="message-{number}.eml"'


def test_the_list_pages_and_searches(sandbox: Sandbox, page: httpx.Client) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as client:
        for i in range(120):
            client.sendmail("e@gazette.example", f"page-{i}@bay.example", f"Subject: No. {i}\r\n\r\n")
    first = page.get("/", params={"q": "page-"}).text
    assert "120 messages" in first
    assert first.count('<li><a href="/messages/') == 50
    assert "page-119@bay.example" in first
    last = page.get("/", params={"q": "page-", "page": "3"}).text
    assert last.count('<li><a href="/messages/') == 20
    assert "page-0@bay.example" in last
    assert page.get("/", params={"q": "page-", "page": "999"}).text == last.replace("page=3", "page=3")
    assert "Nothing with “&lt;i&gt;”" in page.get("/", params={"q": "<i>"}).text
    for odd in ("-1", "0", "x", "²", "9" * 30):
        assert page.get("/", params={"page": odd}).status_code == 200


def test_issues_come_first_and_each_message_says_from_whom_it_is(
    sandbox: Sandbox, page: httpx.Client
) -> None:
    for name in ("ada", "bo"):
        message = newsletter()
        message.replace_header("Subject", f"Herring for {name}")
        message["Feedback-ID"] = "herring:weekly:newsletter:gazette.example"
        number = send(sandbox, message.as_bytes(policy=SMTP), f"{name}@bay.example")
    send(sandbox, b"From: ferry@quay.example\r\nSubject: Your boat\r\n\r\n")
    listed = page.get("/").text
    above, _, below = listed.partition('class="messages"')
    assert "Herring for bo" in above
    assert "2 messages" in above
    assert "Your boat" not in above
    assert below.count("</span>Harbour Gazette</span>") >= 2
    assert "</span>ferry@quay.example</span>" in below
    address = "/?issue=herring%3Aweekly%3Anewsletter%3Agazette.example"
    assert f'href="{address}"' in above
    one = page.get(address).text
    assert one.count('<li><a href="/messages/') == 2
    assert "Harbour Gazette &lt;editor@gazette.example&gt;" in one
    shown = page.get(
        f"/messages/{number}", params={"issue": "herring:weekly:newsletter:gazette.example"}
    ).text
    assert f'href="{address}" data-key="Escape"' in shown
    assert f"/messages/{number - 1}?" in shown
    assert f"/messages/{number + 1}" not in shown
    assert "Nothing of this issue is here" in page.get("/?issue=no").text


def test_the_state_changes_when_something_comes_in(sandbox: Sandbox, page: httpx.Client) -> None:
    before = page.get("/state.json").json()
    number = send(sandbox, b"Subject: state\r\n\r\n")
    assert page.get("/state.json").json() == {"total": before["total"] + 1, "newest": number}
    assert page.get("/state.json", params={"q": "nobody@"}).json() == {"total": 0, "newest": None}


@pytest.mark.parametrize(
    "path",
    [
        "/messages/999999",
        "/messages/99999999999999999999999999",
        "/messages/999999/html",
        "/messages/1/parts/999",
        "/messages/x",
        "/assets/sandbox.html",
        "/assets/..%2f..%2fpyproject.toml",
        "/assets/../../pyproject.toml",
        "/nothing",
    ],
)
def test_what_is_not_there_has_a_page_that_says_so(page: httpx.Client, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404
    assert "There is no such message" in answer.text


def test_a_name_that_is_not_this_machines_is_refused(page: httpx.Client) -> None:
    assert page.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert page.get("/", headers={"Host": "localhost"}).status_code == 200


def test_every_page_forbids_what_it_does_not_need(sandbox: Sandbox, page: httpx.Client) -> None:
    number = send(sandbox, newsletter().as_bytes(policy=SMTP))
    for path in ("/", f"/messages/{number}", "/messages/999999"):
        headers = page.get(path).headers
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
    blocked = page.get(f"/messages/{number}/html").headers["content-security-policy"]
    assert blocked.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "http" not in blocked
    loaded = page.get(f"/messages/{number}/html?remote=1").headers["content-security-policy"]
    assert "img-src data: https: http:" in loaded
    assert "script-src" not in loaded


def test_only_its_own_page_may_empty_the_inbox(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox, httpx.Client(base_url=sandbox.url) as page:
        send(sandbox, b"Subject: x\r\n\r\n")
        assert page.post("/clear").status_code == 403
        assert page.post("/clear", data={"permit": "guessed"}).status_code == 403
        assert page.get("/clear").status_code == 405
        assert sandbox.inbox.count() == 1
        permit = page.get("/").text.partition('name="permit" value="')[2].partition('"')[0]
        assert page.post("/clear", data={"permit": permit}).status_code == 303
        assert sandbox.inbox.count() == 0
        assert "No mail yet" in page.get("/").text
        assert f"SMTP_PORT={sandbox.smtp_port}" in page.get("/").text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\xff\xfe\x00",
        b"Subject: \xff\x00<script>\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<p>\xff",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\nx",
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\n--a\r\nContent-Type: text/html\r\n',
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: text/plain\r\n\r\ninside",
        b"From: =?x?b?/\r\nTo: <>;:\r\nContent-Type: ;;;=\r\nContent-Disposition: x; filename*=u''\r\n\r\n",
    ],
)
def test_bad_mail_is_shown_as_well_as_it_can_be(sandbox: Sandbox, page: httpx.Client, content: bytes) -> None:
    number = send(sandbox, content)
    for view in ("", "html", "text", "source", "headers"):
        assert page.get(f"/messages/{number}", params={"view": view}).status_code == 200
    assert page.get(f"/messages/{number}/html").status_code == 200
    assert page.get("/").status_code == 200


def test_own_images_are_put_into_the_frame_and_files_are_only_saved(
    sandbox: Sandbox, page: httpx.Client
) -> None:
    message = newsletter()
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.set_content('<img src="cid:logo@gazette.example"><img src="cid:other">', subtype="html")
    html.add_related(PIXEL, "image", "gif", cid="<logo@gazette.example>")
    message.add_attachment(b"<script>alert(1)</script>", "text", "html", filename='"><script>.html')
    number = send(sandbox, message.as_bytes(policy=SMTP))
    shown = page.get(f"/messages/{number}/html").text
    assert f'src="data:image/gif;base64,{base64.b64encode(PIXEL).decode()}"' in shown
    assert 'src="cid:other"' in shown
    assert "&#34;&gt;&lt;script&gt;.html" in page.get(f"/messages/{number}").text
    saved = page.get(f"/messages/{number}/parts/1")
    assert saved.content == b"<script>alert(1)</script>"
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment;")
