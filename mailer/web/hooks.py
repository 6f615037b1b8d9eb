"""What providers' webhooks ask: each request is proved, written down, and answered; read it is afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

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
PAUSES = 60  # that are waited at most, where something comes all the time
Kept = TypeVar("Kept")


class HookPages:
    """The endpoints below `/hooks/`; `read` reads what was kept, once nothing more came for `pause` seconds.

    So what comes in a burst is all written down first, and read together.
    """

    def __init__(self, hooks: Webhooks, read: Callable[[], object], pause: float = 0.5) -> None:
        self.hooks = hooks
        self._read = read
        self._pause = pause
        self._more = False
        self._reader: asyncio.Task[None] | None = None
        self._batches = Batches(hooks.keep)

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(HOOKS, self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """POST: 200 means that it is on the disk."""
        name = request.path_params["provider"]
        if not self.hooks.knows(name):
            raise HTTPException(404)
        octets, fields = await request.body(), dict(request.headers)
        try:
            if self.hooks.asks(name):
                kept = await run_in_threadpool(self.hooks.accept, name, fields, octets)
            else:
                kept = self.hooks.accept(name, fields, octets)
        except Refused as refused:
            log.warning("webhook %s refused: %s", name, refused)
            challenge = {"WWW-Authenticate": "Basic"} if refused.status == 401 else None
            return PlainTextResponse(f"Refused: {refused}.\n", refused.status, challenge)
        if kept is None:
            return PlainTextResponse("Confirmed.\n")
        if not await self._batches.put(kept) and self.hooks.is_good_once(name):
            log.warning("webhook %s refused: it came before", name)
            return PlainTextResponse("Refused: it came before.\n", REPLAYED)
        self._more = True
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._go_on())
        return PlainTextResponse("Kept.\n")

    async def caught_up(self) -> None:
        """Return once what was kept is read."""
        if self._reader is not None:
            await self._reader

    async def _go_on(self) -> None:
        while self._more:
            for _ in range(PAUSES):
                self._more = False
                await asyncio.sleep(self._pause)
                if not self._more:
                    break
            self._more = False
            try:
                await run_in_threadpool(self._read)
            except Exception as error:
                log.warning("what webhooks told waits, and will be read later: %s", error)


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
