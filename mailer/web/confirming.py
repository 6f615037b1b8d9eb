"""What the link in a mail to confirm leads to. Looking changes nothing; only the button does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.domain.confirm_link import CONFIRM, ConfirmToken
from mailer.languages import span_in_words
from mailer.services.confirm_link import Answer, ConfirmLinks, OpenList, Told
from mailer.services.signup import Submission
from mailer.web.joining import JOIN
from mailer.web.pages import Pages, isolated, masked

POLICY = "Content-Security-Policy"


@dataclass(frozen=True, slots=True)
class ConfirmPages:
    """The endpoint below `/confirm/`. `ring` for whoever sends what is written to them."""

    links: ConfirmLinks
    pages: Pages
    ring: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(CONFIRM, self.answer, methods=["GET", "POST"])]

    async def answer(self, request: Request) -> Response:
        """Whatever comes by a link to confirm; what a POST carries is of no account."""
        return await run_in_threadpool(self.confirm if request.method == "POST" else self.ask, request)

    def ask(self, request: Request) -> Response:
        """GET and HEAD, as browsers and mail scanners do: a page with a button, and nothing is changed."""
        return self._page(request, self.links.look(self._token(request)))

    def confirm(self, request: Request) -> Response:
        """POST: the secret in the address is all the authority there is; pressed again it is friendly."""
        told = self.links.confirm(self._token(request), entry_of(request))
        if told and told.answer is Answer.CONFIRMED:
            self.ring()
            if told.leads_to:
                return RedirectResponse(told.leads_to, 303)
        return self._page(request, told)

    def _token(self, request: Request) -> ConfirmToken:
        token = self.links.read(request.path_params["token"])
        if token is None:
            raise HTTPException(404)
        return token

    def _page(self, request: Request, told: Told | None) -> Response:
        if told is None:
            raise HTTPException(404)
        words = self.pages.words_for(request, [told.offer.language])
        answer = self.pages.show(
            "confirm.html",
            request,
            [told.offer.language],
            410 if told.answer in (Answer.EXPIRED, Answer.LEFT) else 200,
            told=told,
            titles=[each.title for each in told.offer.lists],
            address=isolated(masked(told.offer.email), "address"),
            time=span_in_words(timedelta(days=self.links.good_for_days), words.language),
            join=f"{self.links.base_url}{JOIN}" + _path(told.offer.lists),
        )
        if told.leads_to:  # a browser asks the policy of a form also for where its answer leads
            site = urlsplit(told.leads_to)
            allowed = f"form-action 'self' {site.scheme}://{site.netloc}"
            answer.headers[POLICY] = answer.headers[POLICY].replace("form-action 'self'", allowed)
        return answer


def _path(lists: Sequence[OpenList]) -> str:
    return f"/{lists[0].name}" if len(lists) == 1 else ""


def entry_of(request: Request) -> Submission:
    """Return whose browser it is that asks."""
    ip = request.client.host if request.client else ""
    return Submission("", (), {}, "", "", ip=ip, agent=request.headers.get("user-agent", ""))
