"""What providers' webhooks ask: each request is proved, written down, and answered; read it is afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.feedback.webhooks.notice import Refused
from mailer.services.webhooks import Webhooks

log = logging.getLogger(__name__)

HOOKS = "/hooks/{provider}"
REPLAYED = 409
Kept = TypeVar("Kept")


class HookPages:
    """The endpoints below `/hooks/`; `read` reads what was kept."""

    def __init__(self, hooks: Webhooks, read: Callable[[], object]) -> None:
        self.hooks = hooks
        self._read = read
        self._reading = self._more = False
        self._batches = Batches(hooks.keep)

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(HOOKS, self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """POST: 200 means that it is on the disk."""
        name = request.path_params["provider"]
        if not self.hooks.knows(name):
            raise HTTPException(404)
        octets = await request.body()
        try:
            kept = await run_in_threadpool(self.hooks.accept, name, dict(request.headers), octets)
        except Refused as refused:
            log.warning("webhook %s refused: %s", name, refused)
            challenge = {"WWW-Authenticate": "Basic"} if refused.status == 401 else None
            return PlainTextResponse(f"Refused: {refused}.\n", refused.status, challenge)
        if kept is None:
            return PlainTextResponse("Confirmed.\n")
        if not await self._batches.put(kept) and self.hooks.is_good_once(name):
            log.warning("webhook %s refused: it came before", name)
            return PlainTextResponse("Refused: it came before.\n", REPLAYED)
        return PlainTextResponse("Kept.\n", background=BackgroundTask(self._go_on))

    async def _go_on(self) -> None:
        """Read what was kept; whoever does that already looks once more."""
        self._more = True
        if self._reading:
            return
        self._reading = True
        try:
            while self._more:
                self._more = False
                await run_in_threadpool(self._read)
        except Exception as error:
            log.warning("what webhooks told waits, and will be read later: %s", error)
        finally:
            self._reading = False


class Batches(Generic[Kept]):
    """Gathers what many requests bring at once, so that it is written down together: a commit takes longer
    than all else. `keep` returns of each whether it is new.
    """

    def __init__(self, keep: Callable[[Sequence[Kept]], Sequence[bool]], most: int = 1000) -> None:
        self._keep = keep
        self._most = most
        self._waiting: list[tuple[Kept, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, one: Kept) -> bool:
        """Return once it is written down, whether it is new; raise what kept it from being."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await written

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                told = await run_in_threadpool(self._keep, [one for one, _ in batch])
            except Exception as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
            else:
                for (_, written), fresh in zip(batch, told, strict=True):
                    if not written.done():
                        written.set_result(fresh)
