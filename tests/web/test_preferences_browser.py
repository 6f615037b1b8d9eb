"""The pages of preferences and of what is kept of somebody in a real browser, from the real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from browser import WIDEST
from harbour import serving
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from mailer.bootstrap import App
from mailer.domain.account_link import AccountPurpose, AccountToken, sign_account
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.field import FieldType
from mailer.domain.signed_links import LinkToken, Purpose, sign_token
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.field_types import declare_types
from mailer.services.fields import change
from mailer.store.schema import subscribers

KEY = b"a key of the harbour"
EVIL = "\"><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
TYPES = {
    "port": FieldType.TEXT,
    "berths": FieldType.NUMBER,
    "sails": FieldType.BOOLEAN,
    "since": FieldType.DATE,
}
FIELDS = {"port": "Bay", "berths": 3, "sails": True, "since": "2026-11-01"}


@dataclass
class Pier:
    """A workspace with the public lists weekly and tides, and `mailer serve` running on it."""

    app: App
    url: str

    def join(self, email: str, language: str = "en", name: str = "Ada Quint") -> int:
        consent = Consent(self.app.lists.ids(["weekly"]), Source(SourceKind.BEFORE, "test"), self.app.now())
        values = {"name": name, "language": language, **FIELDS}
        with self.app.database.begin() as connection:
            return enrol(connection, [Entry(Address.parse(email), values)], consent)[0].subscriber_id

    def link(self, person: int, purpose: Purpose = Purpose.PREFERENCES) -> str:
        (weekly,) = self.app.lists.ids(["weekly"])
        return f"{purpose.value}{sign_token(KEY, LinkToken(99, person, weekly), purpose)}"

    def mailed(self, person: int, email: str, new: str = "", hours: float = 1) -> str:
        """The link that would be mailed to somebody: to what is kept of them, or that moves them."""
        purpose = AccountPurpose.ADDRESS if new else AccountPurpose.DATA
        token = AccountToken(person, int((self.app.now() + timedelta(hours=hours)).timestamp()), new)
        return f"{purpose.value}{sign_account(KEY, purpose, token, Address.parse(email).key)}"


@pytest.fixture(scope="module")
def pier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pier]:
    root = tmp_path_factory.mktemp("workspace")
    settings = {
        "SECRET_KEY": KEY.decode(),
        "DATABASE_URL": "sqlite:///mailer.db",
        "BASE_URL": "http://127.0.0.1:8000",
        "MAIL_FROM": "Harbour Gazette <editor@gazette.example>",
    }
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    app = App(root, {})
    app.lists.create("weekly", app.now(), "Harbour Gazette", "Every Sunday.", {"is_public": True})
    app.lists.create("tides", app.now(), "Tide Tables", "High and low water.", {"is_public": True})
    with app.database.begin() as connection:
        declare_types(connection, TYPES)
    for name in FIELDS:
        change(app.database, name, title=f"Your {name}", editable=True)
    with serving(root, root / "serve.log") as url:
        yield Pier(app, url)
    app.let_go()


@pytest.fixture
def page(browser: Browser, pier: Pier) -> Iterator[Page]:
    with browser.new_context(
        base_url=pier.url, java_script_enabled=False, viewport={"width": 320, "height": 640}
    ) as context:
        yield context.new_page()


def press(page: Page, name: str) -> None:
    """Go to a button by the keyboard alone, and press it."""
    button = page.get_by_role("button", name=name, exact=True)
    expect(button).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way leads to {name}")


def fits(page: Page) -> None:
    width = page.evaluate(WIDEST)
    assert width <= page.viewport_size["width"]


def test_pause_leave_and_come_back_by_keyboard_without_script_on_a_phone(page: Page, pier: Pier) -> None:
    person = pier.join("keys@bay.example")
    page.goto(pier.link(person))
    fits(page)
    press(page, "Pause for 2 weeks")
    expect(page.get_by_role("status")).to_contain_text("You get no mail before")
    press(page, "Get mail again now")
    expect(page.get_by_role("status")).to_contain_text("You get mail again.")
    press(page, "Unsubscribe from all lists of Harbour Gazette")
    expect(page.get_by_role("status")).to_contain_text("gets no more mail from Harbour Gazette")
    fits(page)
    press(page, "Subscribe again")
    expect(page.get_by_role("status")).to_contain_text("You get mail again.")
    expect(page.get_by_label("Harbour Gazette")).to_be_checked()


PAGES = ("unsubscribe", "left", "preferences", "saved", "wrong", "account", "erase", "address", "expired")


def show(page: Page, pier: Pier, name: str, person: int, email: str) -> None:
    """Go to a page as a reader comes to it."""
    page.goto(
        {
            "unsubscribe": lambda: pier.link(person, Purpose.UNSUBSCRIBE),
            "left": lambda: pier.link(person, Purpose.UNSUBSCRIBE),
            "account": lambda: pier.mailed(person, email),
            "erase": lambda: pier.mailed(person, email),
            "address": lambda: pier.mailed(person, email, f"new-{email}"),
            "expired": lambda: pier.mailed(person, email, hours=-1),
        }.get(name, lambda: pier.link(person))()
    )
    match name:
        case "left":
            page.locator("button").first.click()
        case "saved":
            page.locator("input[name=list]").first.uncheck()
            page.locator("button[name=save]").click()
        case "wrong":
            page.locator("input[name='field.berths']").fill("four")
            page.locator("button[name=save]").click()
        case "erase":
            page.locator("button[name=erase]").click()
    page.wait_for_load_state()


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])
def test_axe_finds_nothing_and_all_fits_on_a_phone(
    browser: Browser, pier: Pier, scheme: Literal["light", "dark"], language: str
) -> None:
    axe = Path(AXE_FILE_PATH).read_text(encoding="utf-8")
    with browser.new_context(
        base_url=pier.url,
        color_scheme=scheme,
        viewport={"width": 320, "height": 640},
        bypass_csp=True,  # for axe alone
    ) as context:
        for name in PAGES:
            page = context.new_page()
            email = f"{name}-{scheme}-{language}@bay.example"
            show(page, pier, name, pier.join(email, language), email)
            fits(page)
            assert page.evaluate("document.dir || 'ltr'") == ("rtl" if language == "ar" else "ltr")
            page.evaluate(axe)
            found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
            assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == [], name
            page.close()


def test_what_people_and_lists_are_called_runs_nothing(browser: Browser, pier: Pier) -> None:
    email = "evil@bay.example"
    person = pier.join(email, name=EVIL)
    with pier.app.database.begin() as connection:
        fields = {**FIELDS, "port": EVIL}
        connection.execute(update(subscribers).where(subscribers.c.id == person).values(fields=fields))
    pier.app.lists.change("tides", {"title": EVIL, "description": EVIL}, pier.app.now())
    asked: list[str] = []
    with browser.new_context(base_url=pier.url) as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/x") else None)
        page.goto(pier.link(person, Purpose.UNSUBSCRIBE))
        page.locator("button").first.click()
        page.locator("input[name=line]").fill(EVIL)
        page.locator("form:has(input[name=left]) button").click()
        page.wait_for_load_state()
        for path in (pier.link(person), pier.mailed(person, email)):
            page.goto(path)
            assert (
                EVIL in page.locator("main").inner_text()
                or page.locator(f"input[value*='{EVIL[2:9]}']").count()
            )
            assert page.title() != "run"
    pier.app.lists.change("tides", {"title": "Tide Tables", "description": ""}, pier.app.now())
    assert asked == []
