"""What holds for every answer, unless it says otherwise: headers that keep a link private. And a log line."""

from __future__ import annotations

import logging
from collections.abc import Collection

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


class Guard:
    """Wraps an application; outermost, so that error pages are covered too.

    `fixed` is how the paths begin that it answers: the parts in which there is no secret.
    """

    def __init__(self, app: ASGIApp, fixed: Collection[str]) -> None:
        self.app = app
        self.fixed = fixed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and complete its answer."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                log.info("%s %s %d", scope["method"], shown(scope["path"], self.fixed), message["status"])
            await send(message)

        await self.app(scope, receive, completed)


def shown(path: str, fixed: Collection[str]) -> str:
    """Return what a log may say of a path: nothing that could be a token, wherever in it one stands."""
    if path in fixed:
        return path
    known = [each for each in fixed if each.endswith("/") and path.startswith(each)]
    return f"{max(known, key=len)}…" if known else "(other)"
