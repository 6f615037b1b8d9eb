"""What anybody typed is words on every page: in titles, names, fields, searches, forms and addresses.

By the real server in a real browser, with the policy against scripts switched off: what is written keeps
everything out by itself. Of issues, whose HTML is meant to be some, `test_e2e_archive` and `compose` tell.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from mailer.bootstrap import App
from mailer.domain.account_link import AccountPurpose, AccountToken, sign_account
from mailer.domain.address import Address
from mailer.domain.confirm_link import ConfirmToken, confirm_url
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.archive_import import import_issues
from mailer.services.fields import change
from mailer.store.schema import metadata, subscribers

sys.path.insert(0, str(Path(__file__).parent.parent / "compose"))
from harbour_workspace import Workspace
from payloads import HTML

BASE_URL = "http://127.0.0.1:8000"
KEY = "a key of the harbour"
OUT = [
    '"><img src=x onerror=P()>',
    "'><img src=x onerror=P()>",
    '" autofocus onfocus=P() x="',
    "' autofocus onfocus=P() x='",
    "</title><script>P()</script>",
    "</style><script>P()</script>",
    "</textarea><script>P()</script>",
    "</select></option><img src=x onerror=P()>",
    "javascript:P()",
    "--></script><script>P()</script>",
    "]]><script>P()</script>",
    "{{ 7*7 }}<script>P()</script>",
]
PAYLOADS = OUT + [each for each in HTML if each.isprintable() and len(each) < 120][::4]
FIELDS = [f"f{number}" for number in range(9)]
IN_A_PERSON = len(FIELDS) + 1
RAN = "window.P = () => { window.ran = true }"


def people() -> list[list[str]]:
    """The payloads, as many in a line as somebody has fields."""
    whole = PAYLOADS + PAYLOADS[: -len(PAYLOADS) % IN_A_PERSON]
    return [whole[place : place + IN_A_PERSON] for place in range(0, len(whole), IN_A_PERSON)]


@dataclass(frozen=True)
class Port:
    """A workspace in which everything is called by payloads, and `mailer serve` on it."""

    app: App
    url: str
    mails: list[str]

    def links(self, purpose: str) -> list[str]:
        return [found[0] for mail in self.mails if (found := re.search(rf"/{purpose}/[\w-]+", mail))]

    def account(self, person: int, purpose: AccountPurpose, new: str = "") -> str:
        token = AccountToken(person, int(self.app.now().timestamp()) + 3600, new)
        email = f"reader{person}@inbox.example"
        return f"{purpose.value}{sign_account(KEY.encode(), purpose, token, Address.parse(email).key)}"

    def confirm(self, person: int) -> str:
        token = ConfirmToken(self.app.now().replace(year=2040), person, 0, tuple(self.app.lists.ids(["l0"])))
        return confirm_url("", KEY.encode(), token)

    def tables(self) -> dict[str, list[str]]:
        """Everything that the database holds."""
        with self.app.database.connect() as connection:
            return {
                each.name: sorted(map(repr, connection.execute(select(each))))
                for each in metadata.sorted_tables
            }


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    root = tmp_path_factory.mktemp("port")
    settings = {
        "BASE_URL": BASE_URL,
        "SECRET_KEY": KEY,
        "POSTAL_ADDRESS": "1 Quay Street",
        "SIGNUP_SECONDS": "0",
    }
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    for folder in ("issues", "forms", "old"):
        (root / folder).mkdir()
    asked = "".join(f'[[field]]\nname = "{name}"\nlabel = {json.dumps(PAYLOADS[0])}\n' for name in FIELDS)
    (root / "forms/join.toml").write_text(asked)
    app = App(root, settings)
    for number, payload in enumerate(PAYLOADS):
        said = {"is_public": True, "description": payload}
        app.lists.create(f"l{number}", app.now(), payload, said=said)
    for number, payload in enumerate(OUT):
        text = f"---\ntitle: {json.dumps(payload)}\ndescription: {json.dumps(payload)}\n---\nHerring.\n"
        (root / f"old/2021-03-{number % 28 + 1:02}-n{number}.md").write_text(text)
    import_issues(app, sorted((root / "old").iterdir()), "l0")
    with (root / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "name", *FIELDS])
        writer.writerows([f"reader{n}@inbox.example", *row] for n, row in enumerate(people(), 1))
    shown = "\n\n".join(f"({{{{ subscriber.{name} }}}})" for name in ("name", *FIELDS))
    (root / "issues/new.md").write_text(f"---\ntitle: New\nlist: l0\n---\n{shown}\n")
    workspace = Workspace(root, settings)
    with rehearsal(ScriptedServer(log=root / "accepted.log")) as server:
        workspace.settings["SMTP_PORT"] = str(server.port)
        workspace.run("subscribers", "import", "people.csv", "--list", "l0")
        for name in FIELDS:
            change(app.database, name, title=PAYLOADS[0], editable=True)
        workspace.run("send-issue", "new", "--yes", "--force")
        mails = [message_from_bytes(each.content, policy=default) for each in server.taken]
    texts = [mail.get_body(("plain",)).get_content() for mail in mails]  # type: ignore[attr-defined]
    with workspace.serving() as url:
        yield Port(app, url, texts)
    app.let_go()


@pytest.fixture
def asked() -> list[str]:
    """What a page asked for that is not ours, and what it said in a dialog."""
    return []


@pytest.fixture
def page(browser: Browser, port: Port, asked: list[str]) -> Iterator[Page]:
    with browser.new_context(base_url=port.url, bypass_csp=True) as context:
        context.add_init_script(RAN)
        opened = context.new_page()
        opened.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        opened.on("request", lambda each: None if each.url.startswith(port.url) else asked.append(each.url))
        yield opened
    assert asked == []


def bare(text: str) -> str:
    return "".join(text.split())


def holds(page: Page, *payloads: str) -> None:
    """Nothing ran, no element of a payload is there, and each stands there as it was typed."""
    assert page.evaluate("window.ran") is None, page.url
    assert page.locator("[onerror], [onload], [onfocus], [onclick], iframe, object, embed, base").count() == 0
    assert page.evaluate("document.title").strip()
    values = "[...document.querySelectorAll('input')].map(each => each.value).join(' ')"
    said = bare(f"{page.evaluate('document.body.innerText')} {page.evaluate(values)} {page.title()}")
    assert [each for each in payloads if bare(each) not in said] == [], page.url


def test_titles_of_lists_and_issues_are_words(page: Page, port: Port) -> None:
    assert len(PAYLOADS) >= 40
    for path, payloads in (("/join", PAYLOADS), ("/archive/", PAYLOADS), ("/archive/l0/", OUT)):
        page.goto(path)
        holds(page, *payloads)
    for number, payload in enumerate(OUT):
        page.goto(f"/archive/l0/2021/n{number}/")
        holds(page, payload)
        page.goto(f"/archive/l{number}/")
        holds(page, payload)


def test_what_is_typed_into_searches_and_addresses_is_words(page: Page) -> None:
    for payload in PAYLOADS:
        page.goto(f"/archive/l0/search?q={quote(payload, safe='')}")
        holds(page, payload)
    for number, payload in enumerate(OUT):
        typed = quote(payload, safe="")
        page.goto(f"/join/l{number}?ref={typed}&lang={typed}&list={typed}")
        holds(page, payload)
    page.goto(f"/{quote(PAYLOADS[0], safe='')}")
    holds(page)


def test_what_is_typed_into_a_form_is_words_where_it_is_shown_again(page: Page) -> None:
    page.goto("/join")
    for row in people():
        page.evaluate("document.forms[0].noValidate = true")
        for name, payload in zip(("email", *(f"answer.{each}" for each in FIELDS)), row, strict=True):
            page.locator(f"input[name='{name}']").evaluate(
                "(each, typed) => { each.type = 'text'; each.value = typed }", payload
            )
        page.locator("form button").click()
        holds(page, *row)


def test_names_and_fields_are_words(page: Page, port: Port) -> None:
    for person, row in enumerate(people(), 1):
        page.goto(port.account(person, AccountPurpose.DATA))
        holds(page, *row)
        page.goto(port.account(person, AccountPurpose.ADDRESS, f"new{person}@inbox.example"))
        holds(page)
    for purpose in ("p", "u"):
        for path in port.links(purpose):
            page.goto(path)
            holds(page)
    shown = set[str]()
    for path in port.links("view"):
        page.goto(path)
        holds(page)
        said = bare(page.inner_text("body"))
        shown |= {payload for payload in PAYLOADS if f"({bare(payload)})" in said}
    assert shown == set(PAYLOADS)


def test_a_crawler_that_follows_every_link_by_every_reading_method_changes_nothing(port: Port) -> None:
    person = 1
    links = [port.links(purpose)[0] for purpose in ("view", "p", "u")]
    mailed = [port.account(person, each, "new1@inbox.example") for each in AccountPurpose]
    queue = [
        "/",
        "/join",
        "/archive",
        "/archive/",
        "/healthz",
        "/readyz",
        port.confirm(person),
        *links,
        *mailed,
    ]
    before, known, answered = port.tables(), set(queue), 0
    with httpx.Client(base_url=port.url, follow_redirects=False) as client:
        while queue:
            path = queue.pop()
            for method in ("OPTIONS", "HEAD", "GET"):
                answer = client.request(method, path)
                answered += answer.is_success
            found = re.findall(r'(?:href|src|action|formaction)="([^"]*)"', answer.text)
            found += [answer.headers["location"]] if "location" in answer.headers else []
            # Of as many lists and issues as there are here, the first ones and their feeds do.
            for each in found:
                there = answer.url.join(each.replace("&amp;", "&"))
                near = str(there).removeprefix(BASE_URL).removeprefix(port.url).partition("#")[0]
                if near.startswith("/") and near not in known and not re.search(r"/(?:l|n)[1-9]\d*", near):
                    known.add(near)
                    queue.append(near)
    assert answered >= 30
    assert {"/archive/l0/", "/archive/l0/atom.xml", "/archive/l0/2021/n0/"} <= known
    assert port.tables() == before
    with port.app.database.connect() as connection:
        assert connection.scalar(select(subscribers.c.id).where(subscribers.c.email.like("new1@%"))) is None
