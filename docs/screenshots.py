"""Write docs/images/phone-light.png and phone-dark.png: the sample issue as a phone shows it.

Run it from a checkout with the development dependencies and a Chromium: python docs/screenshots.py
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from mailer.bundled import sample, templates_folder
from mailer.compose.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.subscriber import SubscriberList
from mailer.engine.press import Press

IMAGES = Path(__file__).parent / "images"
PHONE = {"width": 375, "height": 812}
PIXELS_A_POINT = 2
READER = {
    "subscriber": {"name": "Ada", "email": "ada.quint@quay.example"},
    "unsubscribe_url": "https://gazette.example/u/6vTgH2mZk1",
}


def sample_mail() -> str:
    """The HTML part of the sample issue, as one reader gets it."""
    press = Press(
        folders=[templates_folder()],
        sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
        reply_to=None,
        return_path="editor@gazette.example",
        unsubscribe_address="editor@gazette.example",
        postal_address="Harbour Gazette, 1 Quay Street, Port Example",
        base_url="https://gazette.example",
        key=b"only for the picture",
    )
    issue, _ = load_issue(sample("harbour.md"))
    return press.compile(issue, [SubscriberList(1, "weekly", "Weekly")]).html(READER)


def photograph(browser: Browser, html: str, scheme: Literal["light", "dark"]) -> None:
    """Write what a phone shows before anyone scrolls."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=PIXELS_A_POINT, color_scheme=scheme)
    page = context.new_page()
    page.set_content(html)
    page.screenshot(path=IMAGES / f"phone-{scheme}.png")
    context.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            photograph(chromium, sample_mail(), scheme)
        chromium.close()
