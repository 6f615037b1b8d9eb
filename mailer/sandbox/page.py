"""The sandbox's web page: what came in, and each message as HTML, text, source and headers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from mailer.sandbox.headers import header_fields
from mailer.sandbox.inbox import Inbox, Received
from mailer.sandbox.reading import Reading, framed, read

PAGE = 50  # messages
SHOWN = 500_000  # octets of a source or text; more would only stop the browser
VIEWS = ("html", "text", "source", "headers")
ASSETS = {"sandbox.css": "text/css", "sandbox.js": "text/javascript"}

COMMON = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self';"
    " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# For a stranger's HTML: an origin of its own, no script, no form, nothing fetched.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'{remote}; img-src data:{remote}; font-src data:{remote};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def inbox_page(inbox: Inbox, folders: list[Path], *, smtp_port: int) -> Starlette:
    """Return the page as an ASGI application; templates come from the first of `folders` that has them."""
    page = Page(inbox, folders, smtp_port)
    routes = [
        Route("/", page.messages),
        Route("/state.json", page.state),
        Route("/clear", page.clear, methods=["POST"]),
        Route("/messages/{number:int}", page.message),
        Route("/messages/{number:int}/html", page.html),
        Route("/messages/{number:int}/raw", page.raw),
        Route("/messages/{number:int}/parts/{index:int}", page.part),
        Route("/assets/{name}", page.asset),
    ]
    # A stranger's page could give this address a name of its own, and so read the mail: refuse such names.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app = Starlette(routes=routes, middleware=[hosts], exception_handlers={404: page.missing})
    app.router.redirect_slashes = False
    return app


class Page:
    """The endpoints. They are plain functions, which Starlette runs in threads, because they read files."""

    def __init__(self, inbox: Inbox, folders: list[Path], smtp_port: int) -> None:
        self.inbox = inbox
        self.templates = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        self.templates.filters |= {"moment": moment, "octets": octets}
        self.templates.globals |= {"smtp_port": smtp_port, "link": link}
        # Shown by our own page only, so that no other page can make a visitor's browser clear the inbox.
        self.permit = secrets.token_urlsafe(16)

    def messages(self, request: Request) -> Response:
        """The list, newest first; `q` searches, `page` counts from 1."""
        search = request.query_params.get("q", "").strip()
        total = self.inbox.count(search)
        pages = max(1, -(-total // PAGE))
        number = min(max(1, _whole(request.query_params.get("page"))), pages)
        return self._page(
            "sandbox.html",
            search=search,
            total=total,
            number=number,
            pages=pages,
            messages=self.inbox.newest(search, limit=PAGE, offset=(number - 1) * PAGE),
            permit=self.permit,
        )

    def state(self, request: Request) -> Response:
        """What the list's script asks every few seconds: whether the list has become another."""
        search = request.query_params.get("q", "").strip()
        newest = self.inbox.newest(search, limit=1)
        answer = {"total": self.inbox.count(search), "newest": newest[0].id if newest else None}
        return JSONResponse(answer, headers=COMMON)

    def message(self, request: Request) -> Response:
        """One message; `view` is one of VIEWS, by default HTML if it has any."""
        received, content = self._found(request)
        reading = read(content)
        view = _one_of(request, "view", *VIEWS) or ("text" if reading.html is None else "html")
        search = request.query_params.get("q", "").strip()
        fields = header_fields(content)
        return self._page(
            "sandbox_message.html",
            message=received,
            reading=reading,
            views=VIEWS,
            view=view,
            search=search,
            remote=_one_of(request, "remote", "1"),
            width=_one_of(request, "width", "phone"),
            scheme=_one_of(request, "scheme", "dark"),
            fields=fields,
            first={name.lower(): value for name, value in reversed(fields)},
            source=_cut(content.decode("utf-8", "replace")) if view == "source" else "",
            text=_cut(reading.text or ""),
            newer=self.inbox.newer(received.id, search),
            older=self.inbox.older(received.id, search),
        )

    def html(self, request: Request) -> Response:
        """A message's HTML for the frame, seen in a `scheme`; `remote=1` lets it fetch images and styles."""
        _, content = self._found(request)
        remote = bool(_one_of(request, "remote", "1"))
        html = framed(read(content), remote=remote, scheme=_one_of(request, "scheme", "dark") or "light")
        policy = MAIL_POLICY.format(remote=" https: http:" if remote else "")
        return HTMLResponse(html, headers=COMMON | {"Content-Security-Policy": policy})

    def raw(self, request: Request) -> Response:
        """A message as it came, for a mail program."""
        received, content = self._found(request)
        return _download(content, "message/rfc822", f"message-{received.id}.eml")

    def part(self, request: Request) -> Response:
        """One of a message's other parts, to save: never shown, whatever it says it is."""
        reading: Reading = read(self._found(request)[1])
        index: int = request.path_params["index"]
        if index >= len(reading.others):
            raise HTTPException(404)
        return _download(reading.others[index].content, "application/octet-stream", f"part-{index + 1}")

    def asset(self, request: Request) -> Response:
        """The page's own style and script."""
        name: str = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404)
        assert self.templates.loader is not None
        source, _, _ = self.templates.loader.get_source(self.templates, f"web/{name}")
        return Response(source, media_type=ASSETS[name], headers=COMMON)

    async def clear(self, request: Request) -> Response:
        """Throw every message away, if our own page asked for it."""
        async with request.form(max_files=0, max_fields=1) as form:
            if not secrets.compare_digest(str(form.get("permit", "")).encode(), self.permit.encode()):
                raise HTTPException(403)
        self.inbox.clear()
        return RedirectResponse("/", 303, headers=COMMON)

    def missing(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for what isn't there."""
        return self._page("sandbox_missing.html", status=404)

    def _found(self, request: Request) -> tuple[Received, bytes]:
        number: int = request.path_params["number"]
        # SQLite's integers end here, and asking for a longer one is an error.
        received = self.inbox.get(number) if number < 2**63 else None
        if received is None:
            raise HTTPException(404)
        try:
            return received, self.inbox.raw(number)
        except FileNotFoundError:
            raise HTTPException(404) from None

    def _page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        html = self.templates.get_template(f"web/{template}").render(values)
        return HTMLResponse(html, status, COMMON | {"Content-Security-Policy": PAGE_POLICY})


def moment(time: datetime) -> str:
    """Return a time as this machine's clock shows it."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def octets(size: int) -> str:
    """Return a size for people: KB are 1,024 octets, as mail programs count."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.1f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"


def link(path: str, kept: Mapping[str, object] | None = None, **query: object) -> str:
    """Return `path` with a query of what is `kept` and then `query`, as far as it says something."""
    given = {name: value for name, value in {**(kept or {}), **query}.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 1


def _one_of(request: Request, name: str, *known: str) -> str:
    """Return what the query says of `name` if it is known, else ""."""
    value = request.query_params.get(name, "")
    return value if value in known else ""


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "\n\n[The rest is in the .eml file.]"


def _download(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return Response(content, media_type=media_type, headers=COMMON | headers)
