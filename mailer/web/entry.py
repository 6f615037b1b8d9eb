"""The pages of the workspace that MAILER_WORKSPACE names, for any server that speaks ASGI.

    MAILER_WORKSPACE=/srv/gazette uvicorn mailer.web:app --no-access-log

Nothing is read or opened before the server starts up or, if it doesn't say when, before the first request.
What `mailer serve` does beside, a server has to do by itself: to log no address, and to cut off whoever sends
a request too slowly.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from mailer.bootstrap import App
from mailer.errors import MailerError
from mailer.web.guard import Guard
from mailer.web.rooms import web_app


class EntryPoint:
    """An ASGI application whose workspace is looked for when it is first needed."""

    def __init__(self, workspace: App | None = None) -> None:
        self._workspace = workspace
        self._pages: ASGIApp | None = None
        self._held = ExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await (self._pages or self._opened())(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        beside = AsyncExitStack()
        while True:
            if (await receive())["type"] == "lifespan.shutdown":
                await beside.aclose()
                self._held.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
            try:
                await beside.enter_async_context(self._opened().beside())
            except MailerError as error:
                said = "\n  next: ".join(filter(None, [error.problem, error.next_step]))
                await send({"type": "lifespan.startup.failed", "message": said})
                return
            await send({"type": "lifespan.startup.complete"})

    def _opened(self) -> Guard:
        app = self._workspace or App()
        app.command = app.command or "serve"
        app.stay()
        pages = web_app(app)
        with ExitStack() as held:
            held.callback(app.let_go)
            held.enter_context(app.at_work())
            app.database  # noqa: B018 - what is wrong with it is said now
            self._held = held.pop_all()
        self._pages = pages
        return pages


app = EntryPoint()
