"""The sandbox's web page: what came in, and each message as HTML, text, source and headers."""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from mailer.sandbox.inbox import Inbox, Received
from mailer.viewer.frame import Appearance, ShownImages
from mailer.viewer.pages import COMMON, ViewerPages, cut, download, download_part, frame, one_of, viewer_app
from mailer.viewer.reading import header_fields, name_of, read

PAGE = 50  # messages
VIEWS = ("html", "text", "source", "headers")
ASSETS = ("viewer.css", "sandbox.css", "sandbox.js")


def inbox_page(inbox: Inbox, folders: list[Path], *, smtp_port: int) -> Starlette:
    """Return the page as an ASGI application; templates come from the first of `folders` that has them."""
    page = InboxPage(inbox, folders, smtp_port)
    routes = [
        Route("/", page.messages),
        Route("/state.json", page.state),
        Route("/clear", page.clear, methods=["POST"]),
        Route("/messages/{number:int}", page.message),
        Route("/messages/{number:int}/html", page.html),
        Route("/messages/{number:int}/raw", page.raw),
        Route("/messages/{number:int}/parts/{index:int}", page.part),
        Route("/assets/{name}", page.pages.asset),
    ]
    return viewer_app(routes, {404: page.missing})


class InboxPage:
    """The endpoints. They are plain functions, which Starlette runs in threads, because they read files."""

    def __init__(self, inbox: Inbox, folders: list[Path], smtp_port: int) -> None:
        self.inbox = inbox
        self.pages = ViewerPages(folders, ASSETS, smtp_port=smtp_port, name_of=name_of)
        # Shown by our own page only, so that no other page can make a visitor's browser clear the inbox.
        self.permit = secrets.token_urlsafe(16)

    def messages(self, request: Request) -> Response:
        """The list, newest first, above it the issues; `q` searches, `issue` is one, `page` counts from 1."""
        search, issue = _sought(request)
        total = self.inbox.count(search, issue=issue)
        pages = max(1, -(-total // PAGE))
        number = min(max(1, _whole(request.query_params.get("page"))), pages)
        return self.pages.page(
            "sandbox.html",
            search=search,
            issue=issue,
            total=total,
            number=number,
            pages=pages,
            messages=self.inbox.newest(search, issue=issue, limit=PAGE, offset=(number - 1) * PAGE),
            issues=self.inbox.issues() if not (search or issue) and number == 1 else [],
            permit=self.permit,
        )

    def state(self, request: Request) -> Response:
        """What the list's script asks every few seconds: whether the list has become another."""
        search, issue = _sought(request)
        newest = self.inbox.newest(search, issue=issue, limit=1)
        total = self.inbox.count(search, issue=issue)
        return JSONResponse({"total": total, "newest": newest[0].id if newest else None}, headers=COMMON)

    def message(self, request: Request) -> Response:
        """One message; `view` is one of VIEWS, by default HTML if it has any."""
        received, content = self._found(request)
        reading = read(content)
        view = one_of(request, "view", *VIEWS) or ("text" if reading.html is None else "html")
        search, issue = _sought(request)
        fields = header_fields(content)
        return self.pages.page(
            "sandbox_message.html",
            message=received,
            reading=reading,
            views=VIEWS,
            view=view,
            search=search,
            issue=issue,
            remote=one_of(request, "remote", "1"),
            width=one_of(request, "width", "phone"),
            scheme=one_of(request, "scheme", "dark"),
            fields=fields,
            first={name.lower(): value for name, value in reversed(fields)},
            source=cut(content.decode("utf-8", "replace")) if view == "source" else "",
            text=cut(reading.text or ""),
            newer=self.inbox.newer(received.id, search, issue=issue),
            older=self.inbox.older(received.id, search, issue=issue),
        )

    def html(self, request: Request) -> Response:
        """A message's HTML for the frame, seen in a `scheme`; `remote=1` lets it fetch images and styles."""
        _, content = self._found(request)
        images = ShownImages.REMOTE if one_of(request, "remote", "1") else ShownImages.OWN
        return frame(read(content), Appearance(images, one_of(request, "scheme", "dark") or "light"))

    def raw(self, request: Request) -> Response:
        """A message as it came, for a mail program."""
        received, content = self._found(request)
        return download(content, "message/rfc822", f"message-{received.id}.eml")

    def part(self, request: Request) -> Response:
        """One of a message's other parts, to save: never shown, whatever it says it is."""
        return download_part(read(self._found(request)[1]), request)

    async def clear(self, request: Request) -> Response:
        """Throw every message away, if our own page asked for it."""
        async with request.form(max_files=0, max_fields=1) as form:
            if not secrets.compare_digest(str(form.get("permit", "")).encode(), self.permit.encode()):
                raise HTTPException(403)
        self.inbox.clear()
        return RedirectResponse("/", 303, headers=COMMON)

    def missing(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for what isn't there."""
        return self.pages.page("sandbox_missing.html", status=404)

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


def _sought(request: Request) -> tuple[str, str]:
    """Return what is searched for, and the issue that is asked for; "" where nothing is."""
    return request.query_params.get("q", "").strip(), request.query_params.get("issue", "")


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 1
