"""What holds for every answer, unless it says otherwise: headers that keep a link private. And a log line."""

from __future__ import annotations

import logging

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


PREFIXES = ("/u/", "/view/", "/images/", "/archive/")


class Guard:
    """Wraps an application; outermost, so that error pages are covered too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and complete its answer."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                log.info("%s %s %d", scope["method"], shown(scope["path"]), message["status"])
            await send(message)

        await self.app(scope, receive, completed)


def shown(path: str) -> str:
    """Return what a log may say of a path: nothing that could be a token, wherever in it one stands."""
    if path == "/healthz":
        return path
    return next(
        (f"{start}…" for start in PREFIXES if path.startswith(start)),
        "(other)",
    )
