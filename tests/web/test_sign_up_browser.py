"""Signing up in a real browser, by `mailer serve`, to the welcome: no script, any width, any language."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from browser import WIDEST
from harbour import serving
from playwright.sync_api import Browser, Page, expect
from sign_up_form import FORM

from mailer.bootstrap import App
from mailer.domain.confirm_link import ConfirmToken, confirm_url
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

WELCOME = "---\ntitle: Welcome aboard\n---\nGood morning, {{ subscriber.name|default('reader') }}.\n"


@dataclass
class Pier:
    """A workspace that is served, and the server that it mails."""

    app: App
    url: str
    server: ScriptedServer

    def mail(self, to: str, number: int = 1) -> str:
        """The text of the last of so many mails to somebody, once they are there."""
        for _ in range(6000):
            mails = [each.content for each in self.server.taken if each.recipients == (to,)]
            if len(mails) >= number:
                text = message_from_bytes(mails[-1], policy=default).get_body(("plain",))  # type: ignore[attr-defined]
                return str(text.get_content())
            time.sleep(0.02)
        raise AssertionError(f"no mail to {to}")

    def link(self, to: str) -> str:
        found = re.search(r"/confirm/[\w-]+", self.mail(to))
        assert found
        return found[0]


@pytest.fixture(scope="module")
def pier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pier]:
    root = tmp_path_factory.mktemp("pier")
    for folder, name, text in (("forms", "join.toml", FORM), ("issues", "welcome.md", WELCOME)):
        (root / folder).mkdir()
        (root / folder / name).write_text(text, encoding="utf-8")
    with rehearsal(ScriptedServer()) as server:
        settings = {
            "SECRET_KEY": "a key of the harbour",
            "DATABASE_URL": "sqlite:///mailer.db",
            "BASE_URL": "http://127.0.0.1:8000",
            "SMTP_PORT": str(server.port),
            "POSTAL_ADDRESS": "1 Quay Street, Port Example",
            "SIGNUP_SECONDS": "0",  # a program types here
        }
        (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        app = App(root, settings)
        said = {"is_public": True, "description": "What the tide brought.", "welcome": "issues/welcome.md"}
        app.lists.create("weekly", app.now(), "Harbour Gazette", said=said)
        app.lists.create("tides", app.now(), "Tide Tables", said={"is_public": True})
        with serving(root, root / "serve.log") as url:
            yield Pier(app, url, server)
        app.let_go()


@pytest.fixture
def narrow(browser: Browser, pier: Pier) -> Iterator[Page]:
    size = {"width": 320, "height": 700}
    with browser.new_context(base_url=pier.url, java_script_enabled=False, viewport=size) as context:  # type: ignore[arg-type]
        yield context.new_page()


def test_from_the_form_to_the_welcome_by_keyboard_alone(narrow: Page, pier: Pier) -> None:
    page, keys, complaints = narrow, narrow.keyboard, list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/join/weekly?ref=poster")
    expect(page.get_by_role("heading")).to_have_text("Get Harbour Gazette by mail")
    keys.press("Tab")
    keys.type("ada@inbox.example")
    keys.press("Tab")
    keys.type("Ada")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    expect(page.get_by_role("button", name="Sign up")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Look into your mailbox")
    page.goto(pier.link("ada@inbox.example"))
    expect(page.get_by_role("heading")).to_have_text("Confirm your sign-up")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("You are on the list")
    assert "Good morning, Ada." in pier.mail("ada@inbox.example", 2)
    assert pier.app.lists.named("weekly").counts["subscribed"] == 1  # type: ignore[index]
    assert complaints == []


def test_in_arabic_it_runs_from_right_to_left(browser: Browser, pier: Pier) -> None:
    with browser.new_context(base_url=pier.url, locale="ar", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/join")
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        page.get_by_label("Tide Tables").check()
        page.get_by_label("عنوان بريدك الإلكتروني").fill("noor@inbox.example")
        page.get_by_label("يمكنكم حفظ عنواني").check()
        page.get_by_role("button").click()
        expect(page.get_by_role("heading")).to_have_text("انظر في بريدك")
        assert "يرجى التأكيد" in pier.mail("noor@inbox.example")
        page.goto(pier.link("noor@inbox.example"))
        page.get_by_role("button").click()
        expect(page.get_by_role("heading")).to_have_text("أنت في القائمة")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "dark")])
def test_axe_finds_nothing_serious_on_any_page(browser: Browser, pier: Pier, width: int, scheme: str) -> None:
    expired = ConfirmToken(pier.app.now().replace(year=2020), 1, 0, (2,))
    key = pier.app.settings.secret_key.get_secret_value().encode()
    email = f"{scheme}@inbox.example"
    with browser.new_context(
        base_url=pier.url,
        bypass_csp=True,  # for axe alone
        viewport={"width": width, "height": 700},
        color_scheme="dark" if scheme == "dark" else "light",
    ) as context:
        page = context.new_page()
        page.goto("/join")
        looked_at(page, width)
        page.evaluate("document.forms[0].noValidate = true")
        page.get_by_label("Your e-mail address").fill("no address")
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_have_text("Please correct what is marked")
        looked_at(page, width)
        page.get_by_label("Your e-mail address").fill(email)
        page.get_by_label("Harbour Gazette").check()
        page.get_by_label("You may keep my address").check()
        page.get_by_role("button").click()
        looked_at(page, width)
        page.goto(pier.link(email))
        looked_at(page, width)
        page.get_by_role("button").click()
        looked_at(page, width)
        for path in ("/join/none", confirm_url("", key, expired)):
            page.goto(path)
            looked_at(page, width)


def looked_at(page: Page, width: int) -> None:
    assert page.evaluate(WIDEST) <= width
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == [], page.url
