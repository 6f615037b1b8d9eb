"""What the unsubscribe link in a mail leads to. Looking changes nothing; only a POST does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.domain.consent import Source, SourceKind
from mailer.domain.leaving import Explanation
from mailer.domain.signed_links import UNSUBSCRIBE, LinkToken
from mailer.domain.subscriber import Choices
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.web.pages import Pages, first_octets, isolated, masked
from mailer.web.together import Together

ONE_CLICK = b"List-Unsubscribe"  # the form field of RFC 8058 3.1, whichever way the form is encoded
BY_PAGE, BY_ONE_CLICK, BY_UNDO = (
    Source(SourceKind.LINK, name) for name in ("unsubscribe page", "one-click", "unsubscribe page, undone")
)


class UnsubscribePages:
    """The endpoints below `/u/`."""

    def __init__(self, links: UnsubscribeLinks, pages: Pages) -> None:
        self.links = links
        self.pages = pages
        self._leave_by_one_click = Together[LinkToken](
            lambda tokens: links.leave_together(tokens, BY_ONE_CLICK)
        )

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(UNSUBSCRIBE, self.answer, methods=["GET", "POST"])]

    async def answer(self, request: Request) -> Response:
        """Whatever comes by an unsubscribe link."""
        if request.method == "POST":
            return await self.unsubscribe(request)
        return await run_in_threadpool(self.ask, request)

    def ask(self, request: Request) -> Response:
        """GET and HEAD, as browsers and mail scanners do: a page with buttons, and nothing is changed."""
        token = self._token(request)
        choice = self.links.choices(token)
        titles = [each.title for each in choice.lists if each.subscribed] if choice else []
        return self._page("unsubscribe.html", request, token, choice, titles=titles)

    async def unsubscribe(self, request: Request) -> Response:
        """POST, by a button or as one-click (RFC 8058 3.2): no cookie, no redirect, as often as one likes.

        There is no CSRF token, on purpose: the secret in the address is all the authority there is, a
        browser sends none of its own along, and a mail provider's one-click POST could not know another.
        """
        body = await first_octets(request)
        if body is None:
            return Response(status_code=400)
        if ONE_CLICK in body:
            await self._leave_by_one_click(self._token(request))
            return PlainTextResponse("Unsubscribed.\n")
        typed = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        if word := typed.get("undo"):
            return await run_in_threadpool(self._come_back, request, word)
        if word := typed.get("left"):
            said = Explanation.typed(typed.get("why", ""), typed.get("line", ""))
            return await run_in_threadpool(self._explain, request, word, said)
        return await run_in_threadpool(self._leave, request, everywhere="all" in typed)

    def _leave(self, request: Request, *, everywhere: bool) -> Response:
        token = self._token(request)
        undo = self.links.leave(token, BY_PAGE, everywhere=everywhere)
        return self._gone(request, token, undo, everywhere=everywhere)

    def _explain(self, request: Request, word: str, said: Explanation | None) -> Response:
        """Keep why they left; whoever came back meanwhile is shown how they stand."""
        token = self._token(request)
        left = self.links.explain(token, word, said, BY_PAGE)
        if left is None:
            return self.ask(request)
        return self._gone(request, token, word, everywhere=left.everywhere, thanks=said is not None)

    def _gone(self, request: Request, token: LinkToken, undo: str, **told: bool) -> Response:
        choice = self.links.choices(token)
        return self._page("unsubscribe.html", request, token, choice, titles=[], undo=undo, **told)

    def _come_back(self, request: Request, word: str) -> Response:
        token = self._token(request)
        back = self.links.come_back(token, word, BY_UNDO)
        return self._page("undone.html", request, token, self.links.choices(token), back=back)

    def _token(self, request: Request) -> LinkToken:
        token = self.links.read(request.path_params["token"])
        if token is None:
            raise HTTPException(404)
        return token

    def _page(
        self, template: str, request: Request, token: LinkToken, choice: Choices | None, **values: Any
    ) -> HTMLResponse:
        told: dict[str, Any] = {"undo": "", "everywhere": False, "thanks": False} | values
        return self.pages.show(
            template,
            request,
            self._languages(token, choice),
            choice=choice,
            address=isolated(masked(choice.email) if choice else "", "address"),
            **told,
        )

    def _languages(self, token: LinkToken, choice: Choices | None) -> Iterator[str]:
        """Yield the person's language and the mail's."""
        if choice:
            yield choice.language
        yield self.links.language(token)
