"""The page of `mailer preview --serve`: an issue as one subscriber gets it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mailer.check.clients import CLIPPED_AT, WARN_FROM
from mailer.check.finding import counted
from mailer.compose.issue.source import issue_files
from mailer.errors import MailerError
from mailer.preview.cache import PreviewCache
from mailer.preview.views import VIEWS, ViewChoice, broken, shown
from mailer.proof.sample import Sample
from mailer.services.preview import readers_for
from mailer.viewer.frame import LINKS
from mailer.viewer.pages import COMMON, ViewerPages, download, download_part, frame, viewer_app

ASSETS = ("viewer.css", "preview.css", "preview.js", "combobox.js")
# The page's script keeps the place in a frame while it is renewed, so the frame has the page's origin. It
# has no script of its own that could use it: neither its sandbox nor its policy allows one.
PERMITS = f"allow-same-origin {LINKS}"


def preview_page(cache: PreviewCache, folders: list[Path], given: Path | None) -> Starlette:
    """Return the page as an ASGI application. It shows the issue `given` first, else the latest.

    Nothing on it changes anything: every request is a GET.
    """
    page = PreviewPage(cache, folders, given)
    routes = [
        Route("/", page.show),
        Route("/html", page.html),
        Route("/raw", page.raw),
        Route("/parts/{index:int}", page.part),
        Route("/state.json", page.state),
        Route("/people.json", page.people),
        Route("/assets/{name}", page.pages.asset),
    ]
    return viewer_app(routes, {404: page.missing, 500: page.fault})


class PreviewPage:
    """The endpoints. They are plain functions, which Starlette runs in threads, because they read files."""

    def __init__(self, cache: PreviewCache, folders: list[Path], given: Path | None) -> None:
        self.cache = cache
        self.given = given
        self.pages = ViewerPages(
            folders, ASSETS, views=VIEWS, counted=counted, limit=CLIPPED_AT, warn_from=WARN_FROM
        )

    def show(self, request: Request) -> Response:
        """The page itself: the view that was chosen, or why there is nothing to see."""
        choice, files = ViewChoice.of(request), self._files()
        key, file = self._file(choice, files)
        if file is None:
            return self._nothing(choice)
        outcome = self.cache.look(file, choice.reader)
        names: dict[str, Any] = {"choice": asdict(choice), "issue": key, "issues": files, "outcome": outcome}
        if isinstance(outcome.made, MailerError):
            return self.pages.page("preview_error.html", **names, **broken(outcome.made, self.cache.root))
        return self.pages.page("preview.html", **names, **shown(outcome.made, choice.view, file))

    def html(self, request: Request) -> Response:
        """The mail's HTML, for the frame."""
        return frame(self._sample(request).reading, ViewChoice.of(request).appearance, PERMITS)

    def raw(self, request: Request) -> Response:
        """The message, for a mail program."""
        sample = self._sample(request)
        return download(sample.content, "message/rfc822", f"{_ascii(sample.issue.slug)}.eml")

    def part(self, request: Request) -> Response:
        """One of the message's other parts, to save."""
        return download_part(self._sample(request).reading, request)

    def state(self, request: Request) -> Response:
        """What the page's script asks again and again: whether anything has changed."""
        _, file = self._file(ViewChoice.of(request), self._files())
        if file is None:
            raise HTTPException(404)
        return JSONResponse(
            {"mark": self.cache.mark(file, request.query_params.get("email", ""))}, 200, COMMON
        )

    def people(self, request: Request) -> Response:
        """Those who may be chosen as readers; `q` is what was typed so far."""
        found = readers_for(self.cache.app, request.query_params.get("q", "").strip())
        return JSONResponse({"people": [asdict(each) for each in found]}, 200, COMMON)

    def missing(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for what isn't there."""
        return self.pages.page("preview_missing.html", 404)

    def fault(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for a mistake of ours; the terminal has the rest."""
        return self.pages.page("preview_fault.html", 500, error=f"{type(error).__name__}: {error}")

    def _files(self) -> dict[str, Path]:
        folder = self.cache.root / "issues"
        # Their names begin with a date: the latest is first.
        files = {str(file.relative_to(folder)): file for file in reversed(issue_files(folder))}
        if self.given and self.given.resolve() not in {file.resolve() for file in files.values()}:
            files = {str(self.given): self.given, **files}
        return files

    def _file(self, choice: ViewChoice, files: Mapping[str, Path]) -> tuple[str, Path | None]:
        if choice.issue:
            return choice.issue, files.get(choice.issue)
        first = self.given and self.given.resolve()
        given = next((key for key, file in files.items() if file.resolve() == first), next(iter(files), ""))
        return given, files.get(given)

    def _sample(self, request: Request) -> Sample:
        choice = ViewChoice.of(request)
        _, file = self._file(choice, self._files())
        made = self.cache.look(file, choice.reader).made if file else None
        if not isinstance(made, Sample):
            raise HTTPException(404)
        return made

    def _nothing(self, choice: ViewChoice) -> Response:
        if choice.issue:
            raise HTTPException(404)
        return self.pages.page("preview_none.html", folder=self.cache.root / "issues")


def _ascii(slug: str) -> str:
    return "".join(char if char.isascii() else "_" for char in slug)
