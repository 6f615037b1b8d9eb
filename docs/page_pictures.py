"""Write docs/images/page-*.png: what readers meet on the web, from the sign-up to the way back.

Run it from a checkout with the development dependencies and a Chromium: python docs/page_pictures.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from screenshots import Scheme, beside, write

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "web")]

from browser import launch  # noqa: E402 - the tests know how browsers are started and pages served
from harbour import serving  # noqa: E402

from mailer.sandbox.scripted_server import ScriptedServer, rehearsal  # noqa: E402

READER = "ada@inbox.example"
WIDTH = 340
FORM = """
[[field]]
name = "name"
label = { en = "Your name", ar = "اسمك" }

[[field]]
name = "terms"
type = "consent"
label = { en = "You may keep my address to send me this.", ar = "يمكنكم حفظ عنواني لإرسال ذلك إليّ." }
version = "2026-11"
required = true
"""


@dataclass(frozen=True)
class Workspace:
    """A workspace that is served at `url`, and the server that it mails."""

    root: Path
    url: str
    server: ScriptedServer

    def run(self, *words: str) -> None:
        """Run a command."""
        command = [sys.executable, "-m", "mailer", "-C", str(self.root), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def link(self, path: str, number: int) -> str:
        """Return the first link with this path in the last of so many mails, once they are there."""
        while len(self.server.taken) < number:
            time.sleep(0.05)
        mail = message_from_bytes(self.server.taken[-1].content, policy=default)
        body = mail.get_body(("plain",))  # type: ignore[attr-defined]
        found = re.search(rf"http://127\.0\.0\.1:8000({path}[\w-]+)", body.get_content())
        assert found
        return self.url + found[1]


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Make a workspace with a public list and a form, and serve it."""
    with tempfile.TemporaryDirectory() as folder, rehearsal(ScriptedServer()) as server:
        root = Path(folder)
        made = Workspace(root, "", server)
        made.run("init")
        settings = {
            "SMTP_PORT": server.port,
            "BASE_URL": "http://127.0.0.1:8000",
            "SIGNUP_SECONDS": 0,
            "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        }
        written = (root / ".env").read_text(encoding="utf-8")
        for name, value in settings.items():
            written = re.sub(rf"^(?:# )?{name}=.*$", f"{name}={value}", written, flags=re.MULTILINE)
        (root / ".env").write_text(written, encoding="utf-8")
        said = ["--title", "Harbour Gazette", "--description", "What the tide brought, each Friday."]
        made.run("lists", "create", "weekly", "--public", *said)
        (root / "forms").mkdir()
        (root / "forms" / "weekly.toml").write_text(FORM, encoding="utf-8")
        with serving(root, root / "serve.log") as url:
            yield Workspace(root, url, server)


def photograph(
    browser: Browser,
    name: str,
    url: str,
    act: Callable[[Page], object] | None = None,
    locales: Sequence[str] = ("en",),
) -> None:
    """Write how a page looks on a phone once something is done there, in light and in dark; and elsewhere."""
    pictures = []
    for locale in locales:
        screen = {"width": WIDTH, "height": 400}
        with browser.new_context(viewport=screen, device_scale_factor=1.25, locale=locale) as context:  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(url)
            if act:
                act(page)
            pictures.append(_shot(page, "light"))
            if locale == "en":
                pictures.append(_shot(page, "dark"))
    height = max(each.height for each in pictures)
    write(beside(*(_padded(each, height) for each in pictures)), f"page-{name}")


def _shot(page: Page, scheme: Scheme) -> Image.Image:
    page.emulate_media(color_scheme=scheme)
    return Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")


def _padded(picture: Image.Image, height: int) -> Image.Image:
    padded = Image.new("RGB", (picture.width, height), picture.getpixel((2, picture.height - 2)))
    padded.paste(picture)
    return padded


def sign_up(page: Page) -> None:
    """Fill in the form."""
    page.locator("[name=email]").fill(READER)
    page.locator("[type=checkbox]").check()
    page.get_by_role("button").click()


def press(page: Page) -> None:
    """Press the first button."""
    page.get_by_role("button").first.click()


def main() -> None:
    """Write all of them."""
    with sync_playwright() as playwright, workspace() as made:
        browser = launch(playwright, shutil.which("chromium") or "chromium")
        photograph(browser, "join", f"{made.url}/join/weekly", locales=("en", "ar"))
        photograph(browser, "asked", f"{made.url}/join/weekly", sign_up)
        link = made.link("/confirm/", 1)
        photograph(browser, "confirm", link)
        photograph(browser, "confirmed", link, press)
        made.run("send-issue", "harbour", "--yes", "--quiet")
        preferences, leaving = made.link("/p/", 2), made.link("/u/", 2)
        photograph(browser, "preferences", preferences)
        with browser.new_page() as page:
            page.goto(preferences)
            page.locator("[name=mail]").click()
        photograph(browser, "account", made.link("/account/", 3))
        photograph(browser, "unsubscribe", leaving)
        photograph(browser, "left", leaving, press)
        photograph(browser, "archive", f"{made.url}/archive/weekly/")
        browser.close()


if __name__ == "__main__":
    os.environ.pop("MAILER_WORKSPACE", None)
    main()
