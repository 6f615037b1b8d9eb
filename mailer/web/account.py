"""What the links lead to that are mailed to somebody's own address: what is kept of them, another address."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mailer.domain.account_link import ADDRESS, DATA, AccountPurpose
from mailer.domain.field import to_text
from mailer.domain.subscriber import PAUSED
from mailer.languages import full_date, own_name, span_in_words
from mailer.services.account_link import GOOD_FOR, AccountLinks, Moved, OpenedLink
from mailer.services.person import PersonSheet, Subscription
from mailer.web.pages import Pages, isolated
from mailer.web.preferences import Typed, typed_in

FILE = "my-data.json"
MOVED_STATUS = {Moved.DONE: 200, Moved.REFUSED: 409, Moved.BUSY: 503}


@dataclass(frozen=True, slots=True)
class AccountPages:
    """The endpoints below `/account/` and `/address/`. `ring` for whoever sends what is written to people.

    There are no cookies: the secret in the address, which is good for two hours, is all the authority.
    """

    links: AccountLinks
    pages: Pages
    ring: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [
            Route(DATA, self.account, methods=["GET", "POST"]),
            Route(ADDRESS, self.address, methods=["GET", "POST"]),
        ]

    async def account(self, request: Request) -> Response:
        """Whatever comes by a link to what is kept of somebody."""
        typed = await typed_in(request) if request.method == "POST" else {}
        if typed is None:
            return Response(status_code=400)
        return await run_in_threadpool(self._account, request, typed)

    async def address(self, request: Request) -> Response:
        """Whatever comes by a link that moves somebody to another address; all that counts is its token."""
        return await run_in_threadpool(self._address, request)

    def _account(self, request: Request, typed: Typed) -> Response:
        opened = self._opened(request, AccountPurpose.DATA)
        if opened.over:
            return self._expired(request, opened)
        if "take" in typed:
            return self._take(opened)
        if "address" in typed:
            return self._ask_to_move(request, opened, typed["address"][0])
        if "erase" in typed:
            return self._page("erase.html", request, opened)
        if "sure" in typed:
            return self._erase(request, opened)
        return self._shown(request, opened)

    def _take(self, opened: OpenedLink) -> Response:
        written = json.dumps(self.links.data(opened), ensure_ascii=False, indent=2)
        name = {"Content-Disposition": f'attachment; filename="{FILE}"'}
        return Response(f"{written}\n", headers=name, media_type="application/json")

    def _ask_to_move(self, request: Request, opened: OpenedLink, typed: str) -> Response:
        words = self.pages.words_for(request, [opened.language])
        asked = self.links.ask_to_move(opened, typed, words.language)
        if asked is None:
            return self._shown(request, opened, 422, typed=typed, wrong=True)
        if asked.key == opened.address.key:
            return self._shown(request, opened, same=True)
        self.ring()
        return self._shown(request, opened, asked=isolated(asked.typed, "address"))

    def _erase(self, request: Request, opened: OpenedLink) -> Response:
        if self.links.erase(opened):
            return self.pages.show("erased.html", request, [opened.language])
        return self._page("erased_soon.html", request, opened, 503)

    def _address(self, request: Request) -> Response:
        opened = self._opened(request, AccountPurpose.ADDRESS)
        new = isolated(opened.token.address, "address")
        if opened.over and not opened.moved:
            return self._expired(request, opened)
        if request.method != "POST" and not opened.moved:
            return self._page("address.html", request, opened, new=new, moved=None)
        moved = self.links.move(opened)
        return self._page(
            "address.html", request, opened, MOVED_STATUS[moved], new=new, moved=moved.name.lower()
        )

    def _opened(self, request: Request, purpose: AccountPurpose) -> OpenedLink:
        opened = self.links.open(request.path_params["token"], purpose)
        if opened is None:
            raise HTTPException(404)
        return opened

    def _expired(self, request: Request, opened: OpenedLink) -> Response:
        words = self.pages.words_for(request, [opened.language])
        time = span_in_words(GOOD_FOR, words.language)
        return self._page("account_expired.html", request, opened, 410, time=time)

    def _shown(self, request: Request, opened: OpenedLink, status: int = 200, **told: Any) -> Response:
        sheet = self.links.sheet(opened)
        told = {"typed": "", "wrong": False, "same": False, "asked": ""} | told
        words = self.pages.words_for(request, [opened.language])
        time = span_in_words(GOOD_FOR, words.language)
        return self._page(
            "account.html",
            request,
            opened,
            status,
            sheet=sheet,
            titles=self.links.titles(),
            fields=self.links.fields(),
            own_name=own_name,
            standing=lambda each: _standing(sheet, each),
            to_text=to_text,
            day=self._day(words.language),
            time=time,
            **told,
        )

    def _day(self, language: str) -> Callable[[datetime], Markup]:
        """Return what writes the day of a moment out, where the workspace is."""
        zone = self.links.app.settings.zone
        return lambda moment: isolated(full_date(moment.astimezone(zone).date(), language), "day")

    def _page(
        self, template: str, request: Request, opened: OpenedLink, status: int = 200, **told: Any
    ) -> Response:
        address = isolated(opened.email, "address")
        return self.pages.show(template, request, [opened.language], status, address=address, **told)


def _standing(sheet: PersonSheet, on: Subscription) -> str:
    """Return what somebody is on a list, by the name of the words for it."""
    pausing = on.paused_until and on.paused_until > sheet.now
    return f"status_{PAUSED if pausing else on.status}"
