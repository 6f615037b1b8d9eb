"""What the pages that show mail have in common: answers that keep it on this machine, words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.viewer.frame import LINKS, Appearance, framed
from mailer.viewer.reading import MailReading

SHOWN = 500_000  # octets of a source or text; more would only stop the browser

COMMON = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self';"
    " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TYPES = {".css": "text/css", ".js": "text/javascript"}

Handlers = Mapping[Any, Callable[[Request, Exception], Response]]


def viewer_app(routes: Sequence[Route], handlers: Handlers) -> Starlette:
    """Return the application that answers `routes`, asked by this machine's own names only."""
    # A stranger's page could give this address a name of its own, and so read the mail: refuse such names.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app = Starlette(routes=routes, middleware=[hosts], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


class ViewerPages:
    """Templates in `web/` of the first of `folders` that has them, and the `assets` that they may use."""

    def __init__(self, folders: list[Path], assets: Sequence[str], **names: Any) -> None:
        """`names` are known to every template."""
        self._assets = assets
        self._templates = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        self._templates.filters |= {"moment": moment, "octets": octets}
        self._templates.globals |= {"link": link} | names

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page, which may load nothing that is not its own."""
        html = self._templates.get_template(f"web/{template}").render(values)
        return HTMLResponse(html, status, COMMON | {"Content-Security-Policy": POLICY})

    def asset(self, request: Request) -> Response:
        """A page's own style or script."""
        name: str = request.path_params["name"]
        if name not in self._assets:
            raise HTTPException(404)
        assert self._templates.loader is not None
        source, _, _ = self._templates.loader.get_source(self._templates, f"web/{name}")
        return Response(source, media_type=TYPES[Path(name).suffix], headers=COMMON)


def frame(reading: MailReading, appearance: Appearance, permits: str = LINKS) -> HTMLResponse:
    """Return a message's HTML for a frame, which may do what `permits` says."""
    headers = COMMON | {"Content-Security-Policy": appearance.policy(permits)}
    return HTMLResponse(framed(reading, appearance), headers=headers)


def download(content: bytes, media_type: str, name: str) -> Response:
    """Return something to save: never shown, whatever it says it is."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return Response(content, media_type=media_type, headers=COMMON | headers)


def download_part(reading: MailReading, request: Request) -> Response:
    """Return the part of a message that the address asks for by its `index`; 404 if there is none."""
    index: int = request.path_params["index"]
    if index >= len(reading.others):
        raise HTTPException(404)
    return download(reading.others[index].content, "application/octet-stream", f"part-{index + 1}")


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


def one_of(request: Request, name: str, *known: str) -> str:
    """Return what the query says of `name` if it is known, else ""."""
    value = request.query_params.get(name, "")
    return value if value in known else ""


def cut(text: str) -> str:
    """Return as much of `text` as a page shows."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "\n\n[The rest is in the .eml file.]"
