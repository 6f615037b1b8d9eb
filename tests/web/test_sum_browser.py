"""A sum before a sign-up, done by a browser while somebody types; and what one without scripts is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from harbour import serving
from playwright.sync_api import Browser, expect

from mailer.bootstrap import App

SETTINGS = {
    "SECRET_KEY": "a key of the harbour",
    "DATABASE_URL": "sqlite:///mailer.db",
    "BASE_URL": "http://127.0.0.1:8000",
    "SIGNUP_PROOF": "always",
    "SIGNUP_SECONDS": "0",  # a program types here
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("pier")
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
    app = App(root, SETTINGS)
    app.lists.create("weekly", app.now(), "Harbour Gazette", said={"is_public": True})
    app.let_go()
    with serving(root, root / "serve.log") as address:
        yield address


def test_the_browser_does_it_while_somebody_types(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 700}, color_scheme="dark")
    page.goto(f"{url}/join/weekly")
    expect(page.get_by_role("button")).to_be_enabled()  # once it is done
    assert page.locator("input[name=proof]").input_value()
    expect(page.get_by_label("Leave this empty")).to_be_hidden()
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(r => r.violations.filter(v => /serious|critical/.test(v.impact)))")
    assert found == []
    page.get_by_label("Your e-mail address").fill("ada@inbox.example")
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text("Look into your mailbox")
    page.close()


def test_without_scripts_there_is_another_way(browser: Browser, url: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{url}/join/weekly")
    expect(page.get_by_text("can’t do that without scripts")).to_be_visible()
    page.close()
