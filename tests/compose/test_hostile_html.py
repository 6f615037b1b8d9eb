"""Script that somebody put into an issue, in a browser that would run it: none runs, and nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from payloads import HTML, MARKDOWN_LINKS
from playwright.sync_api import Browser, Page, Route
from reference_filling import fill_text
from slow_way import SURROUNDINGS

from mailer.compose.body import write_body
from mailer.compose.issue.source import read_issue
from mailer.compose.render import render
from mailer.errors import IssueError
from mailer.workspace.bundled import templates_folder

NAMES = {"subscriber": {"name": "A"}, "unsubscribe_url": "https://gazette.example/u/1"}
PAGE = "<!doctype html><html><head><title>T</title></head><body>{{ content }}</body></html>"
WHOLE = PAGE.replace("{{ content }}", "<p>Before.</p>\n{}\n<p>After.</p>")
SHORT = PAGE.replace("{{ content }}", "<p>Before. After.</p>")
WAYS = {
    "md": "Before.\n\n{}\n\nAfter.",
    "inline.md": "Before {} after.",
    "html": "<p>Before.</p>\n{}\n<p>After.</p>",
    "whole.html": WHOLE,
    "head.html": SHORT.replace("</head>", "{}</head>"),
    "title.html": SHORT.replace("<title>T", "<title>{}"),
    "outlook.html": "<html><body>Before. <!--[if mso]><p>{}</p><![endif]--> After.</body></html>",
}


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A layout as plain as can be: only the body is looked at here."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "email").mkdir()
    (folder / "email" / "newsletter.html").write_text(PAGE, encoding="utf-8")
    (folder / "email" / "newsletter.txt").write_text("{{ content }}", encoding="utf-8")
    return [folder, templates_folder()]


class Watch:
    """A page that notes what runs, what asks and what is asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[str] = []
        page.expose_function("P", lambda: self.seen.append("P()"))
        page.on("dialog", lambda dialog: (self.seen.append(dialog.message), dialog.dismiss()))
        page.on("framenavigated", lambda frame: self._went(frame.url))
        page.on("popup", lambda popup: (self.seen.append("popup"), popup.close()))
        page.route("**/*", self._asked)

    def _went(self, address: str) -> None:
        if not address.startswith("about:"):
            self.seen.append(address)

    def _asked(self, route: Route) -> None:
        # Pictures are asked for by every mail that has some, and a whole document may load its fonts.
        request = route.request
        if request.resource_type not in ("image", "stylesheet", "font"):
            self.seen.append(f"{request.resource_type} {request.url}")
        route.abort()

    def show(self, html: str) -> list[str]:
        """Return what happens when `html` is shown and its elements are touched."""
        self.seen.clear()
        self.page.set_content(html, wait_until="load")
        self.page.evaluate(
            """() => { for (const each of document.querySelectorAll('body *')) {
                for (const kind of ['mouseover', 'focus', 'error', 'load', 'toggle', 'animationstart'])
                    each.dispatchEvent(new Event(kind, {bubbles: true}));
                const leads = each.matches('a[href], area[href]');
                if (leads ? /^(javascript|data|vbscript):/.test(each.protocol) : each.click)
                    each.click(); } }"""
        )
        self.page.wait_for_timeout(5)
        return sorted(set(self.seen))


@pytest.fixture(scope="module")
def watch(browser: Browser) -> Iterator[Watch]:
    context = browser.new_context()
    yield Watch(context.new_page())
    context.close()


def mail(way: str, payload: str, layouts: list[Path]) -> tuple[str, str]:
    """Return the HTML and the text that an issue with `payload` in it becomes."""
    text = f"---\ntitle: T\n---\n{WAYS[way].replace('{}', payload)}"
    issue, _ = read_issue(f"issues/tide.{way.rpartition('.')[2]}", text.encode())
    edition = render(issue, write_body(issue), SURROUNDINGS, layouts)
    return fill_text(edition.html, NAMES), fill_text(edition.text, NAMES)


def test_the_watch_sees_what_runs(watch: Watch):
    for payload in ("<script>P()</script>", "<img src=x onerror=P()>", "<a href=javascript:P()>x</a>"):
        assert watch.show(payload) == ["P()"]
    assert watch.show("<script src=https://evil.test/x.js></script>") == ["script https://evil.test/x.js"]


@pytest.mark.parametrize("way", WAYS)
def test_no_script_of_an_issue_runs(way: str, watch: Watch, layouts: list[Path]):
    ran = {}
    for payload in HTML + (MARKDOWN_LINKS if way.endswith("md") else []):
        try:
            html, text = mail(way, payload, layouts)
        except IssueError as error:
            if "U+0000" not in str(error):
                ran[payload] = [f"refused: {error}"]
            continue
        if seen := watch.show(html):
            ran[payload] = seen
        if not ("Before" in text and "fter" in text) and not (way == "inline.md" and "```" in payload):
            ran[payload] = ["lost text"]
    assert ran == {}
