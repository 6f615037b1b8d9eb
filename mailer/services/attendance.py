"""Who is at work on which send, and how fast: each process tells it every second, and anybody can see it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from mailer.bootstrap import App
from mailer.domain.send import Send
from mailer.errors import MailerError
from mailer.store.presence import Doing, Presence, Present, Sighting

TELL_EVERY = 1.0  # seconds
RATE_OVER = 5  # of these


@dataclass(slots=True)
class Attendance:
    """What this process does now; `also` is told of each few messages, too."""

    presence: Presence
    present: Present
    also: Callable[[int], None]
    send_id: int | None = None
    settled: int = 0
    _lately: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RATE_OVER + 1))

    def turn_to(self, send_id: int | None) -> None:
        """Say that it is at this send from now on, or waits for one."""
        self.send_id, self.settled = send_id, 0
        self._lately.clear()

    def count(self, settled: int) -> None:
        """Count messages that were settled."""
        self.settled += settled
        self.also(settled)

    def tell(self) -> None:
        """Let others see it."""
        now = time.monotonic()
        self._lately.append((now, self.settled))
        since, before = self._lately[0]
        rate = (self.settled - before) / (now - since) if now > since else 0.0
        with suppress(MailerError):  # the database is away: it is told once that is back
            self.presence.says(self.present, Doing(self.send_id, self.settled, round(rate, 1)))

    def end(self) -> None:
        """Say that it does nothing of the kind any more."""
        with suppress(MailerError):
            self.presence.says(self.present, None)


@asynccontextmanager
async def attending(
    app: App,
    send_id: int | None = None,
    also: Callable[[int], None] = lambda settled: None,  # noqa: ARG005
) -> AsyncIterator[Attendance]:
    """Let others see what this process does, for the block; `also` is told what is counted."""
    attendance = Attendance(app.presence, Present.here(app.command), also, send_id)

    async def again_and_again() -> None:
        while True:
            await asyncio.to_thread(attendance.tell)
            await asyncio.sleep(TELL_EVERY)

    telling = asyncio.create_task(again_and_again())
    try:
        yield attendance
    finally:
        telling.cancel()
        await asyncio.wait({telling})  # a thread may be telling still
        await asyncio.to_thread(attendance.end)


@dataclass(frozen=True, slots=True)
class Attendant:
    """A process, and the send that it is at."""

    seen: Sighting
    send: Send | None


def attendants(app: App) -> list[Attendant]:
    """Return who is at work with this workspace's database, on whatever machine."""
    sends = {send.id: send for send in app.ledger.sends()} if app.has_database else {}
    found = app.presence.seen() if app.has_database else []
    return [Attendant(each, sends.get(each.doing.send_id or 0)) for each in found]
