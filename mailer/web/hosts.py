"""Which hosts and origins are ours: what a browser says it asked for, and which page it asks from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::\d+)?")
SAFE = ("GET", "HEAD", "OPTIONS")  # RFC 9110, 9.2.1
FROM_OURSELVES = (b"same-origin", b"none")  # none: no page at all, as in a bookmark


def header(scope: Scope, name: bytes) -> str:
    """Return a field of a request; several of one name as one (RFC 9110, 5.2), nothing if there is none."""
    return ", ".join([value.decode("latin-1") for each, value in scope["headers"] if each == name])


@dataclass(frozen=True)
class Hosts:
    """The hosts that pages are found at: that of `base_url`, any if it is empty.

    So are loopback addresses: a web server before this one that passes on no Host asks for such a one, and a
    page that somebody else gave a name can't.
    """

    base_url: str = ""

    @property
    def own(self) -> str:
        """The host that BASE_URL names; nothing without one."""
        return (urlsplit(self.base_url).hostname or "").rstrip(".")

    def are(self, host: str) -> bool:
        """Whether a Host field is of one of ours; its port says nothing, which proxies change."""
        found = _HOST.fullmatch(host.lower())
        name = found[1].rstrip(".") if found else ""
        return bool(name) and (name in (self.own, "localhost") or not self.own or _is_loopback(name))

    def is_own_page(self, scope: Scope) -> bool:
        """Whether a request comes from one of our pages, or from none: not from somebody else's.

        Browsers say `Origin: null` of pages that let no referrer be known, as ours do, so that what they say
        of the site beside it comes first (Fetch, 3.2 and Fetch Metadata).
        """
        site = header(scope, b"sec-fetch-site").encode()
        if site:
            return site in FROM_OURSELVES
        origin = header(scope, b"origin")
        if origin in ("", "null"):
            return True
        host = header(scope, b"host")
        scheme, _, netloc = self.base_url.partition("://")
        ours = {f"{scheme}://{netloc.partition('/')[0]}", f"http://{host}", f"https://{host}"}
        return origin.lower() in {each.lower() for each in ours}


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


class OpenRoute(Route):
    """What pages of others may post to: it lets nobody do what they could not do from anywhere."""


@dataclass(frozen=True)
class OwnPages:
    """Wraps an endpoint so that pages of others can't post to it by way of a reader's browser."""

    app: ASGIApp
    hosts: Hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; 403 if another site's page made the browser send it."""
        if scope["method"] not in SAFE and not self.hosts.is_own_page(scope):
            raise HTTPException(403, "This was sent from a page of another site, and nothing was changed.\n")
        await self.app(scope, receive, send)
