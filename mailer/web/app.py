"""What the links in a mail lead to. Looking changes nothing; only a POST does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mailer.domain.link import IMAGES, UNSUBSCRIBE
from mailer.domain.token import Token, read_token
from mailer.errors import MailerError
from mailer.storage.people import People
from mailer.web.guard import Guard
from mailer.web.images import Images

ONE_CLICK = b"List-Unsubscribe"  # the form field of RFC 8058 3.1, whichever way the form is encoded
FIRST_OCTETS = 4096  # of a POST; a one-click body has 26, or some 150 as multipart
RETRY_SECONDS = "60"
POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def links_app(
    people: Callable[[], People], key: bytes, folders: list[Path], now: Callable[[], datetime], root: Path
) -> ASGIApp:
    """Return what is behind the links signed with `key`, as an ASGI application.

    `people` are asked for once for each answer, since their database may be another one by then. Templates
    come from the first of `folders` that has them; `now` is when somebody left; `root` is the workspace with
    the images.
    """
    pages = Pages(people, key, folders, now)
    routes = [
        Route(UNSUBSCRIBE, pages.ask),
        Route(UNSUBSCRIBE, pages.unsubscribe, methods=["POST"]),
        Route(IMAGES, Images(root, key).show),
        Route("/healthz", pages.health),
    ]
    handlers = {404: pages.unknown, MailerError: pages.unavailable}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a link is good or it is not; no answer repeats it
    return Guard(app)


class Pages:
    """The endpoints. Starlette runs plain functions in threads, so the database never blocks the loop."""

    def __init__(
        self, people: Callable[[], People], key: bytes, folders: list[Path], now: Callable[[], datetime]
    ) -> None:
        self.people = people
        self.key = key
        self.now = now
        self.templates = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )

    def ask(self, request: Request) -> Response:
        """GET and HEAD, as browsers and mail scanners do: a page with one button, and nothing is changed."""
        token = self._token(request)
        choice = self.people().choice(token.subscriber_id, self._lists(token))
        titles = [each.title for each in choice.lists if each.subscribed] if choice else []
        return self._page("unsubscribe.html", choice=choice, titles=titles)

    async def unsubscribe(self, request: Request) -> Response:
        """POST, by the button or as one-click (RFC 8058 3.2): no cookie, no redirect, as often as one likes.

        There is no CSRF token, on purpose: the secret in the address is all the authority there is, a
        browser sends none of its own along, and a mail provider's one-click POST could not know another.
        """
        one_click = ONE_CLICK in await _first_octets(request)
        return await run_in_threadpool(self._leave, request, one_click)

    def _leave(self, request: Request, one_click: bool) -> Response:
        token = self._token(request)
        wanted = self._lists(token)
        source = "one-click" if one_click else "unsubscribe page"
        self.people().leave(token.subscriber_id, wanted, source, self.now())
        if one_click:
            return PlainTextResponse("Unsubscribed.\n")
        return self._page(
            "unsubscribe.html", choice=self.people().choice(token.subscriber_id, wanted), titles=[]
        )

    def health(self, request: Request) -> Response:  # noqa: ARG002
        """Whether links can be answered, the database being there."""
        self.people().send_lists(0)
        return PlainTextResponse("ok\n")

    def unknown(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for a link that was never given out, or not like that."""
        return self._page("unknown.html", 404)

    def unavailable(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for when the database can't be used: nothing was changed, and it says so."""
        answer = self._page("unavailable.html", 503)
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer

    def _token(self, request: Request) -> Token:
        token = read_token(self.key, request.path_params["token"])
        if token is None:
            raise HTTPException(404)
        return token

    def _lists(self, token: Token) -> tuple[int, ...]:
        # The token's own list stands in where the send is gone: an old mail must still work.
        return self.people().send_lists(token.send_id) or (token.list_id,)

    def _page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        if choice := values.get("choice"):
            values["address"] = masked(choice.email)
        html = self.templates.get_template(f"web/{template}").render(values, nonce=nonce)
        return HTMLResponse(html, status, {"Content-Security-Policy": POLICY.format(nonce=nonce)})


def masked(email: str) -> str:
    """Return an address that its owner recognises and that others, shown a forwarded mail, can't write to."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


async def _first_octets(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) >= FIRST_OCTETS:
            break
    return body[:FIRST_OCTETS]
