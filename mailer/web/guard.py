"""What holds for every answer, whoever makes it: headers that keep a link private, bounds, a log line.

Outermost, so that error pages are covered too. A request for another host than ours gets none of the pages,
so that no name that somebody else gave this address can stand for it in a browser.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailer.web.health import HEALTH_PATHS
from mailer.web.hosts import Hosts, header
from mailer.web.proxies import client_address

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
MOST_OCTETS = 1 << 20  # of a body, of whatever is read of it


@dataclass
class Guard:
    """Wraps an application.

    `fixed` is how the paths begin that it answers: the parts in which there is no secret. Of `proxies` web
    servers before this one it is believed what they say of who asks; `most` octets of a body may be read.
    """

    app: Starlette
    fixed: Collection[str]
    hosts: Hosts
    proxies: int = 0
    most: int = MOST_OCTETS
    _warned: set[str] = field(default_factory=set)

    def beside(self) -> AbstractAsyncContextManager[object]:
        """Return what is to go on while it answers, for a server that begins and ends it otherwise."""
        return self.app.router.lifespan_context(self.app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and complete its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = scope["path"]

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message["headers"]
                names = {name.lower() for name, _ in said}
                message["headers"] = [*said, *(each for each in RAW_HEADERS if each[0] not in names)]
                if log.isEnabledFor(logging.INFO) and asked not in HEALTH_PATHS:
                    log.info("%s %s %d", scope["method"], shown(asked, self.fixed), message["status"])
            await send(message)

        scope["client"] = self._client(scope)
        host = header(scope, b"host")
        app = self.app if asked in HEALTH_PATHS or self.hosts.are(host) else self._misdirected(host)
        await app(scope, self._bounded(receive), completed)

    def _client(self, scope: Scope) -> tuple[str, int] | None:
        peer, forwarded = scope.get("client"), header(scope, b"x-forwarded-for")
        if not self.proxies:
            if forwarded:
                self._warn(
                    "TRUSTED_PROXIES",
                    "a web server before this one passes requests on, and its address is taken for that of "
                    "whoever asks; if it is yours, set TRUSTED_PROXIES=1",
                )
            return peer
        address = client_address(forwarded, peer[0] if peer else "", self.proxies)
        return (address, 0) if address else None

    def _misdirected(self, host: str) -> ASGIApp:
        self._warn(
            "BASE_URL",
            f"asked for the host {host[:100]!r}, and BASE_URL names {self.hosts.own}; if a web server before "
            "this one passes requests on, it has to pass on the Host that it was asked for",
        )
        return PlainTextResponse("There are no such pages at this address.\n", 421)

    def _warn(self, setting: str, words: str) -> None:
        # Once each: whoever asks could fill the log.
        if setting not in self._warned:
            self._warned.add(setting)
            log.warning("%s", words)

    def _bounded(self, receive: Receive) -> Receive:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.most:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        return bounded


def shown(path: str, fixed: Collection[str]) -> str:
    """Return what a log may say of a path: nothing that could be a token, wherever in it one stands."""
    if path in fixed:
        return path
    known = [each for each in fixed if each.endswith("/") and path.startswith(each)]
    return f"{max(known, key=len)}…" if known else "(other)"
