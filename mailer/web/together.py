"""What many ask for at once, done together: one transaction for all who came during the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

MOST = 1000  # at once

Wish = TypeVar("Wish")


class Together(Generic[Wish]):
    """Does by `do`, in a thread, what each call asks for; who comes first waits for nobody."""

    def __init__(self, do: Callable[[Sequence[Wish]], object]) -> None:
        self._do = do
        self._waiting: list[tuple[Wish, asyncio.Future[None]]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, wish: Wish) -> None:
        """Return once it is done; raise what went wrong with all that was done with it."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, done))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        await done

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._settle(batch)
        finally:
            self._working = None

    async def _settle(self, batch: Sequence[tuple[Wish, asyncio.Future[None]]]) -> None:
        error: Exception | None = None
        try:
            await run_in_threadpool(self._do, [wish for wish, _ in batch])
        except Exception as wrong:
            error = wrong
        for done in [done for _, done in batch if not done.done()]:  # who went away is cancelled
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
