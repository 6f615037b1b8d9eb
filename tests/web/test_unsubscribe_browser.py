"""The unsubscribe page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import WIDEST
from harbour import Harbour
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def page(browser: Browser, harbour: Harbour) -> Iterator[Page]:
    with browser.new_context(base_url=harbour.url, java_script_enabled=False) as context:
        opened = context.new_page()
        yield opened


def test_one_button_does_it_by_keyboard_and_without_script(page: Page, harbour: Harbour) -> None:
    person = harbour.join("keys@bay.example")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"/u/{harbour.token(person)}")
    expect(page.get_by_role("heading")).to_have_text("Unsubscribe from Harbour Gazette Weekly?")
    expect(page.locator("button")).to_have_css("min-height", "52px")  # its style is let in by the policy
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    assert harbour.status(person) == {harbour.weekly: ("unsubscribed", "unsubscribe page")}
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    assert complaints == []


@pytest.mark.parametrize("width", [320, 1400])
def test_pages_fit(page: Page, harbour: Harbour, width: int) -> None:
    person = harbour.join(f"w{width}@{'long.' * 12}bay.example", harbour.weekly, harbour.tides)
    page.set_viewport_size({"width": width, "height": 700})
    for path in (f"/u/{harbour.token(person)}", "/u/unknown"):
        page.goto(path)
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        widest = page.evaluate(WIDEST)
        assert widest <= width
