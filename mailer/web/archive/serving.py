"""The archive as `mailer serve` answers it: kept in memory, and made anew when what is in it has changed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.web.archive.site import HTML, ArchivePage, ArchiveSite

EVERY = 1.0  # seconds between looks at what is in the archive
MOST_OCTETS = 64 * 1024 * 1024  # of pages in memory
ARCHIVE = "/archive/"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
KEPT = "public, max-age=60"


class ArchivePages:
    """The endpoint of the archive. Whether `site` is still what it was is looked at for a request, at most
    once in `every` seconds.
    """

    def __init__(self, site: ArchiveSite, every: float = EVERY) -> None:
        self._every = every
        self._site = site
        self._looked = float("-inf")
        self._looking = asyncio.Lock()
        self._kept: OrderedDict[str, tuple[ArchivePage, dict[str, str]]] = OrderedDict()
        self._octets = 0

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(f"{ARCHIVE}{{path:rest}}", self.show), Route(ARCHIVE.rstrip("/"), self.lead)]

    async def show(self, request: Request) -> Response:
        """GET and HEAD: a page, 304 if the asker has it, 404 if there is none."""
        path: str = request.path_params["path"]
        site = await self._fresh()
        if path.endswith("/search") and "q" in request.query_params:
            return await self._search(request, site, path.removesuffix("/search"))
        kept = self._kept.get(path) or await self._make(site, path)
        if kept is None:
            if not path.endswith("/") and await self._make(site, f"{path}/"):
                return RedirectResponse(f"{path.rpartition('/')[2]}/", 308)
            raise HTTPException(404)
        return self._answer(request, *kept)

    def lead(self, request: Request) -> Response:
        """GET and HEAD of the address without its slash."""
        return RedirectResponse(f"{request.url.path.rpartition('/')[2]}/", 308)

    async def _fresh(self) -> ArchiveSite:
        if monotonic() - self._looked < self._every:
            return self._site
        async with self._looking:
            if monotonic() - self._looked >= self._every:
                site = await run_in_threadpool(self._site.renewed)
                if site is not self._site:
                    self._kept.clear()
                    self._octets = 0
                self._site, self._looked = site, monotonic()
        return self._site

    async def _make(self, site: ArchiveSite, path: str) -> tuple[ArchivePage, dict[str, str]] | None:
        page = await run_in_threadpool(site.page, path)
        if page is None:
            return None
        kept = page, _headers(page, indexed=site.indexed)
        if site is self._site and path not in self._kept:
            self._kept[path] = kept
            self._octets += len(page.content)
            while self._octets > MOST_OCTETS:
                _, (gone, _) = self._kept.popitem(last=False)
                self._octets -= len(gone.content)
        return kept

    async def _search(self, request: Request, site: ArchiveSite, name: str) -> Response:
        page = await run_in_threadpool(site.search, name, request.query_params["q"])
        if page is None:
            raise HTTPException(404)
        return self._answer(request, page, _headers(page, indexed=False))

    def _answer(self, request: Request, page: ArchivePage, headers: dict[str, str]) -> Response:
        known = request.headers.get("if-none-match", "")
        if headers["ETag"] in [each.strip().removeprefix("W/") for each in known.split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(page.content, headers=headers, media_type=page.media_type)


def _headers(page: ArchivePage, *, indexed: bool) -> dict[str, str]:
    headers = {
        "ETag": page.etag,
        "Cache-Control": KEPT,
        "X-Robots-Tag": "all" if indexed else "noindex",
        "Cross-Origin-Resource-Policy": "cross-origin",  # readers of feeds show its images
    }
    if page.media_type == HTML:
        headers["Content-Security-Policy"] = POLICY
    return headers
