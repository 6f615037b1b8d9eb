"""A workspace where people sign up, in this process: pages, a mail server, what goes on beside them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import httpx
from sqlalchemy import insert, select
from starlette.types import ASGIApp

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.subscriber import Status, Subscriber
from mailer.people.enrol import Consent, Entry, enrol
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.account_link import AccountLinks
from mailer.services.confirm_link import ConfirmLinks
from mailer.services.letters import post
from mailer.services.preference_link import PreferenceLinks
from mailer.services.signup import Reception
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.store.schema import metadata, suppressions
from mailer.web.account import AccountPages
from mailer.web.api import SignupEndpoint
from mailer.web.confirming import ConfirmPages
from mailer.web.hosts import Hosts
from mailer.web.joining import JoinPages
from mailer.web.preferences import PreferencePages
from mailer.web.rooms import Room, guarded, pages_of
from mailer.web.unsubscribe import UnsubscribePages

KEY = b"a key of the harbour"
BASE_URL = "http://127.0.0.1:8000"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/confirm/[\w-]+)")


@dataclass(frozen=True)
class Client:
    """Asks the pages in this process, from 192.0.2.7; redirects are not followed."""

    pages: ASGIApp

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def main() -> httpx.Response:
            transport = httpx.ASGITransport(self.pages, client=("192.0.2.7", 5000))
            agent = {"user-agent": "a browser"}
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=agent) as client:
                return await client.request(method, path, **options)

        return asyncio.run(main())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def head(self, path: str) -> httpx.Response:
        return self.request("HEAD", path)


@dataclass
class Quay:
    """The workspace, a client of its pages, the server that it mails, how often the postman was rung for."""

    app: App
    client: Client
    server: ScriptedServer
    rung: list[None]
    reception: Reception

    def sign_up(self, email: str, *lists: str, at: str = "/join", **more: str) -> None:
        """Fill in the form as a browser does, and have what came taken in and written to."""
        one = at.partition("?")[0].removeprefix("/join").lstrip("/")
        typed = {"email": email, "list": list(lists or [one or "weekly"])} | more
        answer = self.client.post(at, data=typed)
        assert answer.status_code == 200, answer.text
        self.deliver()

    def deliver(self) -> None:
        self.reception.settle()
        post(self.app)

    def mails(self, to: str) -> list[EmailMessage]:
        taken = [each for each in self.server.taken if each.recipients == (to,)]
        return [cast("EmailMessage", message_from_bytes(each.content, policy=default)) for each in taken]

    def link(self, to: str) -> str:
        """The path in the last mail to somebody by which they confirm."""
        text = self.mails(to)[-1].get_body(("plain",))
        assert text is not None
        found = LINK.search(text.get_content())
        assert found is not None
        return found[1]

    def enrol(self, email: str, status: Status, *lists: str) -> int:
        ids = tuple(self.app.lists.ids(lists or ("weekly",)))
        consent = Consent(ids, Source(SourceKind.IMPORT, "people.csv"), self.app.now())
        entry = Entry(Address.parse(email), statuses=(status,) * len(ids))
        with self.app.database.begin() as connection:
            return enrol(connection, [entry], consent)[0].subscriber_id

    def suppress(self, who: str, reason: str) -> None:
        row = {"who": who, "reason": reason, "note": "", "since": self.app.now()}
        with self.app.database.begin() as connection:
            connection.execute(insert(suppressions), row)

    def person(self, email: str) -> Subscriber | None:
        return next((each for each in self.app.directory.subscribers() if each.email == email), None)

    def lists_of(self, email: str) -> dict[str, str]:
        person = self.person(email)
        return {name: str(status) for name, status in person.lists.items()} if person else {}

    def tables(self) -> dict[str, list[str]]:
        """Everything that the database holds."""
        with self.app.database.connect() as connection:
            return {
                each.name: sorted(map(repr, connection.execute(select(each))))
                for each in metadata.sorted_tables
            }


@contextmanager
def quay(root: Path, url: str, **settings: str) -> Iterator[Quay]:
    """Open a workspace with the public lists weekly and tides, the private one crew, and its pages."""
    with rehearsal(ScriptedServer()) as server:
        environ = {
            "SMTP_PORT": str(server.port),
            "POSTAL_ADDRESS": "1 Quay Street, Port Example",
            "BASE_URL": BASE_URL,
            "DATABASE_URL": url,
            "SECRET_KEY": KEY.decode(),
        }
        app = App(root, environ | settings)
        public = {"is_public": True}
        app.lists.create("weekly", app.now(), "Harbour Gazette", said=public)
        app.lists.create("tides", app.now(), "Tide Tables", said=public)
        app.lists.create("crew", app.now(), "Crew")
        pages, rung = pages_of(app), list[None]()
        account = AccountLinks(app)
        leaving = UnsubscribeLinks(lambda: app.database, KEY, app.now)
        rooms: list[Room] = [
            JoinPages(app, pages, lambda: rung.append(None)),
            ConfirmPages(ConfirmLinks(app), pages, lambda: rung.append(None)),
            SignupEndpoint(app, pages, lambda: rung.append(None)),
            PreferencePages(PreferenceLinks(app), leaving, account, pages, lambda: rung.append(None)),
            AccountPages(account, pages, lambda: rung.append(None)),
            UnsubscribePages(leaving, pages),
        ]
        yield Quay(app, Client(guarded(pages, rooms, Hosts(BASE_URL))), server, rung, Reception(app))
        app.let_go()
