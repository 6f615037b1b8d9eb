"""What holds for every answer: headers that keep a link private, and a log line without it."""

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
}
STRICTEST = "default-src 'none'; frame-ancestors 'none'"


class Guard:
    """Wraps an application; outermost, so that error pages are covered too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and complete its answer."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Content-Security-Policy", STRICTEST)
                log.info("%s %s %d", scope["method"], shown(scope["path"]), message["status"])
            await send(message)

        await self.app(scope, receive, completed)


def shown(path: str) -> str:
    """Return what a log may say of a path: nothing that could be a token, wherever in it one stands."""
    if path == "/healthz":
        return path
    return "/u/…" if path.startswith("/u/") else "(other)"
