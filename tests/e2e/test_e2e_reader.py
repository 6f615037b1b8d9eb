"""One reader's whole way in Chromium, by `mailer serve` and a sandbox: from the sign-up to the way back.

Without script, at 320 pixels, by the keyboard alone, in two languages.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from browser import WIDEST
from browser import browser as browser
from harbour_workspace import Workspace
from playwright.sync_api import Browser, Page, expect
from sign_up_form import FORM

from mailer.sandbox.inbox import Inbox
from mailer.sandbox.process import running_sandbox

BASE_URL = "http://127.0.0.1:8000"
ISSUE = "---\ntitle: {title}\n---\nGood morning, {{{{ subscriber.name|default('reader') }}}}.\n"
FOCUSED = "each => each === document.activeElement"


@dataclass(frozen=True)
class Town:
    """A workspace that is served at `url`, and the mailboxes of all who live there."""

    workspace: Workspace
    url: str
    inbox: Inbox

    def mails(self, to: str, number: int) -> list[EmailMessage]:
        """The first `number` mails to somebody, the oldest first, once they are there."""
        for _ in range(6000):
            found = [each.id for each in self.inbox if to in each.recipients]
            if len(found) >= number:
                return [self.inbox.parsed(each) for each in found[:number]]
            time.sleep(0.02)
        raise AssertionError(f"{to} has not {number} mails")

    def subjects(self, to: str) -> list[str]:
        return [each.subject for each in self.inbox if to in each.recipients]

    def send(self, title: str) -> None:
        """Send an issue to the whole list; somebody who stays is on it, so that it always goes to one."""
        name = title.lower().replace(" ", "-")
        self.workspace.issue(ISSUE.format(title=title), f"{name}.md")
        self.workspace.run("send-issue", name, "--list", "weekly", "--yes", "--force")
        assert title in self.subjects("bo@pier.example")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    workspace = Workspace(folder / "workspace", {"BASE_URL": BASE_URL, "SIGNUP_SECONDS": "0"})
    for name in ("issues", "forms"):
        (workspace.root / name).mkdir(parents=True)
    (workspace.root / ".env").write_text(
        "POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n"
    )
    (workspace.root / "forms/weekly.toml").write_text(FORM, encoding="utf-8")
    workspace.issue(ISSUE.format(title="Welcome aboard"), "welcome.md")
    with running_sandbox(folder / "inbox") as sandbox:
        workspace.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        about = ["--title", "Harbour Gazette", "--public", "--welcome", "issues/welcome.md"]
        workspace.run("lists", "create", "weekly", *about)
        (workspace.root / "people.csv").write_text("email,name\nbo@pier.example,Bo\n")
        workspace.run("subscribers", "import", "people.csv", "--list", "weekly")
        with workspace.serving() as url, sandbox.inbox:
            yield Town(workspace, url, sandbox.inbox)


def link(mail: EmailMessage, purpose: str) -> str:
    """The path of a link of the mail's text part."""
    text = mail.get_body(("plain",))
    assert text is not None
    found = re.search(rf"{re.escape(BASE_URL)}(/{purpose}/[\w-]+)", text.get_content())
    assert found, text.get_content()
    return found[1]


def html(mail: EmailMessage) -> bytes:
    part = mail.get_body(("html",))
    assert part is not None
    return part.get_payload(decode=True)  # type: ignore[return-value]


def press(page: Page, selector: str) -> None:
    """Go on by the tabulator until a button has the focus, and press Enter; the page that comes must fit."""
    button = page.locator(selector)
    expect(button).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate(FOCUSED):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            assert page.evaluate(WIDEST) <= 320, page.url
            return
    raise AssertionError(f"no way leads to {selector}")


@pytest.mark.parametrize(("language", "name"), [("en", "Ada"), ("ar", "نور")])
def test_a_reader_comes_reads_pauses_leaves_and_comes_back(
    browser: Browser, town: Town, language: str, name: str
) -> None:
    email = f"{language}@inbox.example"
    complaints: list[str] = []
    with browser.new_context(
        base_url=town.url,
        java_script_enabled=False,
        locale=language,
        viewport={"width": 320, "height": 640},
    ) as context:
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.text} {said.location['url']}"))
        keys = page.keyboard
        page.goto("/join/weekly?ref=poster")
        expect(page.locator("html")).to_have_attribute("lang", language)
        keys.press("Tab")
        keys.type(email)
        keys.press("Tab")
        keys.insert_text(name)
        keys.press("Tab")
        keys.press("Space")
        press(page, "form button")

        (asked,) = town.mails(email, 1)
        page.goto(link(asked, "confirm"))
        press(page, "form button")
        _, welcome = town.mails(email, 2)
        assert welcome["Subject"] == "Welcome aboard"

        town.send(f"First {language}")
        issue = town.mails(email, 3)[-1]
        assert name in html(issue).decode()
        shown = page.goto(link(issue, "view"))
        assert shown is not None
        assert shown.body() == html(issue)
        assert page.evaluate(WIDEST) <= 320

        page.goto(link(issue, "p"))
        press(page, 'button[name=pause][value="2"]')
        town.send(f"Paused {language}")
        press(page, 'button[name=pause][value="over"]')
        town.send(f"Resumed {language}")

        page.goto(link(issue, "u"))
        press(page, "button:not(.second)")
        town.send(f"Left {language}")
        press(page, "form:has(input[name=undo]) button")
        town.send(f"Back {language}")
    got = town.subjects(email)[1:]
    assert got == ["Welcome aboard", *(f"{each} {language}" for each in ("First", "Resumed", "Back"))]
    # A mail has no origin as a page, and the icon that Chromium asks of every site isn't there.
    assert [each for each in complaints if not each.endswith("/favicon.ico")] == []
