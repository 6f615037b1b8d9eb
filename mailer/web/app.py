"""What the links in a mail lead to. Looking changes nothing; only a POST does."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mailer.domain.consent import Source, SourceKind
from mailer.domain.signed_links import IMAGES, UNSUBSCRIBE, VIEW, LinkToken
from mailer.domain.subscriber import Choices
from mailer.errors import MailerError
from mailer.languages import DEFAULT
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.services.view_link import ViewLinks
from mailer.viewer.frame import Appearance, ShownImages, with_images
from mailer.web.archive.serving import ARCHIVE, ArchivePages
from mailer.web.guard import Guard
from mailer.web.images import ImagePages
from mailer.web.words import accepted, choose, read_words

ONE_CLICK = b"List-Unsubscribe"  # the form field of RFC 8058 3.1, whichever way the form is encoded
FIRST_OCTETS = 4096  # of a POST; a one-click body has 26, or some 150 as multipart
RETRY_SECONDS = "60"
POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# A mail names images anywhere, as mail programs show them; nothing in it runs, submits or has an origin.
VIEWED = {
    "Content-Security-Policy": Appearance(ShownImages.REMOTE).policy(),
    "Cache-Control": "private, no-cache",
}
BY_PAGE, BY_ONE_CLICK, BY_UNDO = (
    Source(SourceKind.LINK, name) for name in ("unsubscribe page", "one-click", "unsubscribe page, undone")
)


@dataclass(frozen=True, slots=True)
class Paper:
    """Who sends the mails, as readers know it: a name, where to write to, and the language it is in."""

    name: str
    mailbox: str
    language: str = DEFAULT


class RestOfPath(PathConvertor):
    """All that follows in a path, line ends too: mail programs make anything of the end of a link."""

    regex = "(?s:.*)"


register_url_convertor("rest", RestOfPath())


def links_app(
    links: UnsubscribeLinks,
    views: ViewLinks,
    images: ImagePages,
    folders: list[Path],
    paper: Paper,
    archive: ArchivePages | None = None,
) -> ASGIApp:
    """Return what is behind the links in mails, as an ASGI application.

    Templates come from the first of `folders` that has them.
    """
    pages = LinkPages(links, views, folders, paper)
    routes = [
        Route(UNSUBSCRIBE, pages.answer, methods=["GET", "POST"]),
        Route(VIEW, pages.view),
        Route(IMAGES, images.show),
        Route("/healthz", pages.health),
    ]
    if archive:
        routes += [Route(f"{ARCHIVE}{{path:rest}}", archive.show), Route(ARCHIVE.rstrip("/"), archive.lead)]
    handlers = {404: pages.unknown, MailerError: pages.unavailable}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a link is good or it is not; no answer repeats it
    return Guard(app)


class LinkPages:
    """The endpoints. Starlette runs plain functions in threads, so the database never blocks the loop."""

    def __init__(self, links: UnsubscribeLinks, views: ViewLinks, folders: list[Path], paper: Paper) -> None:
        self.links = links
        self.views = views
        self.paper = paper
        self.words = read_words(folders)
        self.templates = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )

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
        try:
            body = await _first_octets(request)
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody: half a wish is none
        if ONE_CLICK in body:
            return await run_in_threadpool(self._leave_by_one_click, request)
        typed = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        if word := typed.get("undo"):
            return await run_in_threadpool(self._come_back, request, word)
        return await run_in_threadpool(self._leave, request, everywhere="all" in typed)

    def _leave_by_one_click(self, request: Request) -> Response:
        self.links.leave(self._token(request), BY_ONE_CLICK)
        return PlainTextResponse("Unsubscribed.\n")

    def _leave(self, request: Request, *, everywhere: bool) -> Response:
        token = self._token(request)
        undo = self.links.leave(token, BY_PAGE, everywhere=everywhere)
        choice = self.links.choices(token)
        return self._page(
            "unsubscribe.html", request, token, choice, titles=[], undo=undo, everywhere=everywhere
        )

    def _come_back(self, request: Request, word: str) -> Response:
        token = self._token(request)
        back = self.links.come_back(token, word, BY_UNDO)
        return self._page("undone.html", request, token, self.links.choices(token), back=back)

    def view(self, request: Request) -> Response:
        """GET and HEAD: the mail as it went to whom the link was for, whoever looks."""
        token = self._token(request)
        mail = self.views.mail(token)
        if mail is None:
            return self._page("gone.html", request, token, status=410)
        return HTMLResponse(with_images(mail), headers=VIEWED)

    def health(self, request: Request) -> Response:  # noqa: ARG002
        """Whether links can be answered, the database being there."""
        self.links.require_database()
        return PlainTextResponse("ok\n")

    def unknown(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for a link that was never given out, or not like that: it says how to leave otherwise."""
        return self._page("unknown.html", request, status=404)

    def unavailable(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for when the database can't be used: nothing was changed, and it says so."""
        answer = self._page("unavailable.html", request, status=503)
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer

    def _token(self, request: Request) -> LinkToken:
        token = self.links.read(request.path_params["token"])
        if token is None:
            raise HTTPException(404)
        return token

    def _page(
        self,
        template: str,
        request: Request,
        token: LinkToken | None = None,
        choice: Choices | None = None,
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        words = choose(self.words, self._wishes(request, token, choice))
        html = self.templates.get_template(f"web/{template}").render(
            {"undo": "", "everywhere": False} | values,
            choice=choice,
            address=_isolated(masked(choice.email) if choice else "", "address"),
            sender=_isolated(self.paper.name, "sender"),
            paper=self.paper,
            mailbox=self.paper.mailbox,
            mailto=_mailto,
            isolated=_isolated,
            words=words,
            say=words.say,
            nonce=nonce,
        )
        return HTMLResponse(html, status, {"Content-Security-Policy": POLICY.format(nonce=nonce)})

    def _wishes(self, request: Request, token: LinkToken | None, choice: Choices | None) -> Iterable[str]:
        """Yield what the page may be in: the person's language, the mail's, the browser's, the paper's."""
        if choice:
            yield choice.language
        if token:
            yield self.links.language(token)
        yield from accepted(request.headers.get("accept-language", ""))
        yield self.paper.language


def masked(email: str) -> str:
    """Return an address that its owner recognises and that others, shown a forwarded mail, can't write to."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _isolated(text: str, what: str) -> Markup:
    """Return text that runs in its own direction, whichever the words around it do."""
    return Markup('<bdi class="{}">{}</bdi>').format(what, text)


def _mailto(mailbox: str, subject: str) -> Markup:
    return Markup('<a href="mailto:{0}?subject={1}"><bdi>{0}</bdi></a>').format(mailbox, subject)


async def _first_octets(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) >= FIRST_OCTETS:
            break
    return body[:FIRST_OCTETS]
