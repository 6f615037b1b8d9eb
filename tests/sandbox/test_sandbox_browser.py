"""The sandbox's page in a real browser."""

from __future__ import annotations

import re
import smtplib
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, expect

from mailer.sandbox.process import Sandbox, running_sandbox

HTML = """<!doctype html><html><head><style>
:root { color-scheme: light dark } p { color: rgb(1, 1, 1) }
@media (prefers-color-scheme: dark) { p { color: rgb(2, 2, 2) } }
</style></head><body><p id=p>The ferry comes back</p><a href="https://gazette.example/">Read</a></body></html>"""

HOSTILE = """<html><head>
<base href="OUTSIDE/">
<meta http-equiv="refresh" content="0; url=OUTSIDE/refresh">
<link rel="stylesheet" href="OUTSIDE/a.css"><link rel="preconnect" href="OUTSIDE/">
<style>@import "OUTSIDE/b.css"; body { background: url(OUTSIDE/c.png) }
@font-face { font-family: f; src: url(OUTSIDE/f.woff) } p { font-family: f }</style></head>
<body onload="alert(1)"><script>alert(2); parent.document.title = "taken"</script>
<script src="OUTSIDE/d.js"></script><img src="OUTSIDE/e.png" onerror="alert(3)">
<img src=x onerror="alert(4)"><svg onload="alert(5)"><image href="OUTSIDE/g.png"/></svg>
<iframe src="OUTSIDE/h" srcdoc="<script>alert(6)</script>"></iframe>
<object data="OUTSIDE/i"></object><embed src="OUTSIDE/j">
<video src="OUTSIDE/k" poster="OUTSIDE/l" autoplay></video>
<form id=f action="OUTSIDE/m"><input name=a autofocus onfocus="alert(7)"><button>Go</button></form>
<a id=top href="OUTSIDE/n" target="_top">top</a>
<a id=self href="OUTSIDE/o" target="_self">self</a>
<a href="javascript:alert(8)" id=js target="_self">js</a><p>font</p></body></html>"""


class Outside:
    """Somebody else's server, which notices every connection, even one that asks for nothing."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self) -> Outside:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def visits(self) -> list[bytes]:
        """What was said on each connection since this was last asked: b"" on one that was only opened."""
        self.listener.settimeout(0.5)
        said = []
        with suppress(TimeoutError):
            while True:
                visitor, _ = self.listener.accept()
                visitor.settimeout(0.2)
                said.append(b"")
                with visitor, suppress(TimeoutError):
                    said[-1] = visitor.recv(1000)
        return said


def message(subject: str, html: str) -> bytes:
    head = f"From: e@gazette.example\r\nTo: a@bay.example\r\nSubject: {subject}\r\n"
    kind = "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    text = "--b\r\nContent-Type: text/plain\r\n\r\nThe ferry, as text\r\n"
    return (
        f"{head}{kind}{text}--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n".replace("\r\n", "\n")
        .replace("\n", "\r\n")
        .encode()
    )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, outside: Outside) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("inbox")) as running:
        send(running, "First", HTML)
        send(running, "Hostile", HOSTILE.replace("OUTSIDE", outside.url))
        send(running, "A subject that goes on and on " * 8 + "x" * 300, HTML)
        yield running


def send(sandbox: Sandbox, subject: str, html: str) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as client:
        client.sendmail("e@gazette.example", "reader@bay.example", message(subject, html))


def compiler(page: Page, key: str) -> None:
    page.wait_for_load_state()  # or the script may not be listening yet
    page.keyboard.press(key)


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with Outside() as listening:
        yield listening


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox) -> Iterator[Page]:
    with browser.new_context(base_url=sandbox.url) as context:
        opened = context.new_page()
        yield opened


def test_the_list_opens_messages_and_keys_turn_them(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="First").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    expect(page.frame_locator("iframe").locator("#p")).to_have_text("The ferry comes back")
    compiler(page, "ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hostile")
    compiler(page, "ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    compiler(page, "2")
    expect(page.locator("pre")).to_contain_text("The ferry, as text")
    compiler(page, "3")
    expect(page.locator("pre")).to_contain_text("boundary=b")
    compiler(page, "4")
    expect(page.get_by_role("row", name="Subject")).to_contain_text("First")
    compiler(page, "Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sandbox inbox")


def test_tabs_are_reached_and_opened_by_keyboard(page: Page) -> None:
    page.goto("/messages/1")
    for name in ("Text", "Source", "Headers", "HTML"):
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == name:
                break
        focus = page.locator(".tabs a:focus")
        expect(focus).to_have_text(name)
        expect(focus).to_have_css("outline-width", "3px")  # the focus can be seen
        page.keyboard.press("Enter")
        expect(page.locator(".tabs [aria-current]")).to_have_text(name)
        page.wait_for_load_state()  # a page that is still loading takes the focus away again


def test_the_frame_has_the_width_and_the_colours_that_were_chosen(page: Page) -> None:
    page.goto("/messages/1")
    text = page.frame_locator("iframe").locator("#p")
    expect(text).to_have_css("color", "rgb(1, 1, 1)")
    page.get_by_role("link", name="Phone").click()
    expect(page.locator("iframe")).to_have_css("width", "375px")
    page.get_by_role("link", name="Dark").click()
    expect(text).to_have_css("color", "rgb(2, 2, 2)")
    expect(page.locator("iframe")).to_have_css("width", "375px")
    compiler(page, "ArrowLeft")  # the next message is shown in the same way
    expect(page.locator(".stage.phone.dark")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    page.goto("/messages/1")
    expect(text).to_have_css("color", "rgb(1, 1, 1)")


def test_what_comes_in_appears_by_itself(page: Page, sandbox: Sandbox) -> None:
    page.goto("/?q=by+itself")
    expect(page.get_by_role("heading", name="Nothing with")).to_be_visible()
    send(sandbox, "It came by itself", HTML)
    expect(page.get_by_role("link", name="It came by itself")).to_be_visible()
    page.get_by_role("link", name="It came by itself").focus()
    send(sandbox, "Another by itself", HTML)
    expect(page.get_by_role("link", name="Another by itself")).to_be_visible()
    assert "It came by itself" in page.evaluate("document.activeElement.textContent")


def test_hostile_mail_runs_nothing_and_asks_nobody(page: Page, sandbox: Sandbox, outside: Outside) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto("/messages/2")
    frame = page.frame_locator("iframe").first
    expect(frame.locator("#f button")).to_be_visible()
    for clicked in ("#f button", "#js", "#top"):
        frame.locator(clicked).click()
        assert outside.visits() == []
        assert page.url == f"{sandbox.url}messages/2"
    # Chromium opens a connection as soon as a link is pressed, but then may not follow it inside the frame.
    frame.locator("#self").click()
    assert set(outside.visits()) <= {b""}
    assert page.url == f"{sandbox.url}messages/2"
    assert page.title() == "Hostile – Sandbox inbox"
    page.goto("/messages/2/html")  # and opened by itself
    assert outside.visits() == []
    assert page.url == f"{sandbox.url}messages/2/html"
    assert dialogs == []
    page.goto("/messages/2/html?remote=1", wait_until="commit")
    assert b"GET" in b"".join(outside.visits())  # so that the silence before meant something


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize(
    "path",
    ["/", "/?q=nothing", "/messages/1", "/messages/3", "/messages/3?view=source", "/messages/3?view=headers"],
)
def test_pages_fit_and_can_be_read(page: Page, path: str, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    low = page.evaluate(LOW_CONTRAST)
    assert low == []


# Every visible text against the nearest background that is painted: WCAG 2.1, 1.4.3.
LOW_CONTRAST = """() => {
  const rgb = c => c.match(/[0-9.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => { const c = rgb(getComputedStyle(e).backgroundColor);
    return c.length < 4 || c[3] > 0 ? c : e.parentElement ? ground(e.parentElement) : [255, 255, 255]; };
  return [...document.body.querySelectorAll("*")].filter(e => e.checkVisibility()
      && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
    const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
    return [e.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5);
}"""


def test_it_needs_no_script(browser: Browser, sandbox: Sandbox) -> None:
    with browser.new_context(base_url=sandbox.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Search").fill("first")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name=re.compile("First")).click()
        page.get_by_role("link", name="Text").click()
        expect(page.locator("pre")).to_contain_text("The ferry, as text")
