"""The page's answers, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harbour_issue import HARBOUR, page_of
from PIL import Image

from mailer.bootstrap import App

pytestmark = pytest.mark.peers

ISSUE = "2026-11-22-harbour.md"


@pytest.fixture
def page(peopled: App) -> Iterator[httpx.Client]:
    with page_of(peopled) as client:
        yield client


def rewrite(app: App, text: str, name: str = ISSUE) -> None:
    (app.root / "issues" / name).write_text(text, encoding="utf-8")


def test_each_view_shows_its_part(page: httpx.Client) -> None:
    views = {
        view: page.get("/", params={"view": view}).text
        for view in ("", "text", "html", "source", "headers", "issue")
    }
    assert all('<h1 dir="auto">The clock is going again</h1>' in html for html in views.values())
    assert 'src="/html?mark=' in views[""]
    assert "Good morning, Ada Quint." in views["text"]
    assert "&lt;!doctype html&gt;" in views["html"].lower()
    assert "Content-Type: multipart/alternative" in views["source"]
    assert '<th scope="row">To</th><td dir="auto">Ada Quint &lt;ada@quay.example&gt;</td>' in views["headers"]
    assert '<li id="L7" class=""><div dir="auto">Good morning, {{ subscriber.name' in views["issue"]


def test_the_message_can_be_saved(page: httpx.Client) -> None:
    raw = page.get("/raw", params={"reader": "bruno@quay.example"})
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.headers["content-disposition"] == 'attachment; filename="harbour.eml"'
    assert b"\r\nTo: Bruno Cove <bruno@quay.example>\r\n" in raw.content
    assert page.get("/parts/0").status_code == 404


def test_an_image_beside_the_issue_is_shown_and_followed(peopled: App, page: httpx.Client) -> None:
    picture = peopled.root / "issues" / "ice-house.png"
    Image.new("RGB", (40, 30), "navy").save(picture)
    rewrite(peopled, HARBOUR.replace("https://pictures.example/ice-house.png", "ice-house.png"))
    shown = page.get("/html").text
    assert 'src="data:image/png;base64,' in shown
    assert 'src="data:' not in page.get("/html", params={"images": "none"}).text
    assert ">ice-house.png</a>" in page.get("/").text
    part = page.get("/parts/0")
    assert part.content == picture.read_bytes()
    assert part.headers["content-type"] == "application/octet-stream"
    Image.new("RGB", (40, 30), "red").save(picture)
    assert page.get("/html").text != shown


def test_the_frame_is_seen_as_it_was_asked_for(page: httpx.Client) -> None:
    plain = page.get("/html")
    policy = plain.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-same-origin allow-popups")
    assert "allow-scripts" not in policy
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;" in policy
    assert "<style" in plain.text
    stripped = page.get("/html", params={"styles": "none", "images": "none"})
    assert "<style" not in stripped.text
    assert "img-src 'none'" in stripped.headers["content-security-policy"]
    everything = page.get("/html", params={"images": "remote"}).headers["content-security-policy"]
    assert "img-src data: https: http:" in everything
    assert page.get("/html", params={"scheme": "dark"}).text != plain.text


def test_a_broken_issue_is_shown_where_it_is_broken(peopled: App, page: httpx.Client) -> None:
    rewrite(peopled, HARBOUR.replace("subscriber.name", "subscirber.name"))
    broken = page.get("/").text
    assert "<h1>It can’t be rendered</h1>" in broken
    assert f"<code>issues/{ISSUE}</code>, line 7" in broken
    assert "did you mean &#39;subscriber&#39;?" in broken
    assert '<ol class="file" start="3">' in broken
    assert '<li class="error at" aria-current="true"><div dir="auto">Good morning, {{ subscirber' in broken
    assert "<span>Next:</span>" in broken
    assert page.get("/html").status_code == 404
    rewrite(peopled, HARBOUR)
    assert "Good morning" in page.get("/html").text


def test_a_template_is_shown_where_it_is_broken_and_settings_are_not(
    peopled: App, page: httpx.Client
) -> None:
    (peopled.root / "templates" / "email").mkdir(parents=True)
    footer = peopled.root / "templates" / "email" / "newsletter.html"
    footer.write_text("<p>one</p>\n{% if %}\n<p>two</p>\n")
    broken = page.get("/").text
    assert "<code>templates/email/newsletter.html</code>, line 2" in broken
    assert "{% if %}" in broken
    (peopled.root / ".env").write_text("SECRET_KEY=very-secret\nTZ=nowhere\n")
    settings = page.get("/").text
    assert "TZ = &#39;nowhere&#39;" in settings
    assert "very-secret" not in settings


def test_the_state_changes_when_something_is_saved(peopled: App, page: httpx.Client) -> None:
    asked = {"email": "ada@quay.example"}
    before = page.get("/state.json", params=asked).json()
    assert before == page.get("/state.json", params=asked).json()
    assert before["mark"] in page.get("/").text
    rewrite(peopled, HARBOUR + "\nMore.\n")
    assert page.get("/state.json", params=asked).json() != before


def test_issues_are_chosen_by_their_place_and_nothing_else_is(peopled: App, page: httpx.Client) -> None:
    rewrite(peopled, HARBOUR.replace("The clock is", "The bell is"), "2026-12-01-bell.md")
    (peopled.root / "issues" / "2026-12-02-tide").mkdir()
    rewrite(peopled, HARBOUR.replace("The clock is", "The tide is"), "2026-12-02-tide/index.md")
    shown = page.get("/").text
    assert "The tide is going again" in shown
    assert shown.index("2026-12-02-tide/index.md") < shown.index("2026-12-01-bell.md") < shown.index(ISSUE)
    assert "The bell is going again" in page.get("/", params={"issue": "2026-12-01-bell.md"}).text
    for other in ("../.env", ".env", "/etc/passwd", "nothing.md", f"../issues/{ISSUE}"):
        for path in ("/", "/html", "/raw", "/state.json"):
            assert page.get(path, params={"issue": other}).status_code == 404


def test_the_issue_that_was_named_comes_first(peopled: App, tmp_path: Path) -> None:
    rewrite(peopled, HARBOUR.replace("The clock is", "The bell is"), "2026-12-01-bell.md")
    with page_of(peopled, peopled.root / "issues" / ISSUE) as page:
        assert "The clock is going again" in page.get("/").text
    outside = tmp_path / "note.txt"
    outside.write_text("Title: A note\n\nWords.\n")
    with page_of(peopled, outside) as page:
        assert "A note" in page.get("/").text
        assert "The bell is" in page.get("/", params={"issue": "2026-12-01-bell.md"}).text


def test_a_workspace_without_an_issue_says_how_to_start_one(peopled: App, page: httpx.Client) -> None:
    (peopled.root / "issues" / ISSUE).unlink()
    assert "mailer new" in page.get("/").text


def offers(page: httpx.Client, typed: str) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = page.get("/people.json", params={"q": typed}).json()["people"]
    return people


def test_readers_are_offered(page: httpx.Client) -> None:
    first, bare, barest, *others = offers(page, "")
    assert (first["reader"], bare["reader"]) == ("", "nobody in particular")
    assert barest["reader"] == "room@library.example"
    assert [each["name"] for each in others] == ["Ada Quint", "Bruno Cove"]
    assert [each["reader"] for each in offers(page, "cov")] == ["bruno@quay.example"]
    assert offers(page, "x@shore.example")[0]["note"].startswith("not a subscriber")
    assert offers(page, "xyz") == []


def test_readers_are_offered_where_there_is_no_database(app: App) -> None:
    with page_of(app) as page:
        assert len(offers(page, "")) == 2
        assert not app.has_database


@pytest.mark.parametrize("path", ["/nothing", "/assets/preview.html", "/assets/..%2f..%2fpyproject.toml"])
def test_what_is_not_there_has_a_page_that_says_so(page: httpx.Client, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_it_is_for_this_machine_and_for_looking_only(page: httpx.Client) -> None:
    assert page.get("/", headers={"Host": "evil.example"}).status_code == 400
    for path in ("/", "/html", "/raw", "/state.json", "/people.json", "/assets/preview.js"):
        assert page.post(path).status_code == 405
        answer = page.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
    assert "default-src 'none'; script-src 'self'" in page.get("/").headers["content-security-policy"]


def test_findings_stand_beside_the_mail(peopled: App, page: httpx.Client) -> None:
    rewrite(peopled, HARBOUR + "\nA long line. " * 12_000)
    shown = page.get("/").text
    assert '<h3 class="error">Errors <span>' in shown
    assert "<code>html-size</code>" in shown
    assert "Gmail cuts it off" in shown
