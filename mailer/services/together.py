"""A send that others send, too: helping with it, and taking part until nobody has any of it in hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from mailer.bootstrap import App
from mailer.domain.send import Send
from mailer.engine.sending import Sending
from mailer.engine.stopping import pause
from mailer.engine.workers import Workers
from mailer.errors import MailerError, PlanRefused
from mailer.ledger.in_hand import in_hand, ready
from mailer.services.attendance import Attendance, attending
from mailer.services.report import Report, report_on

LOOK_EVERY = 0.5  # seconds between looks at what others do


@dataclass(frozen=True, slots=True)
class Helped:
    """What came of helping with a send: whether there is `more` to take, or why nothing may go now."""

    more: bool = False
    held: str = ""


async def help_out(app: App, send_id: int, limit: int, stop: asyncio.Event, attendance: Attendance) -> Helped:
    """Send `limit` messages at most of a send that others send, too; for a process that takes jobs.

    Raises what `Sending.run` does.
    """
    sending, now = app.sending(), app.now()
    dispatcher = sending.dispatcher
    dispatcher.recover(now)
    if not _may_take(app, send_id):
        return Helped()
    send = app.ledger.send(send_id)
    dispatcher.prepare(send, now)
    if held := dispatcher.held(now):
        return Helped(held=str(held))
    attendance.turn_to(send_id)
    try:
        await sending.run(send, now, stop, attendance.count, limit=dispatcher.within(limit, now))
        return Helped(more=attendance.settled > 0 and _may_take(app, send_id))
    finally:
        attendance.turn_to(None)


def help_to_prove(app: App, send_id: int, stopped: Callable[[], bool]) -> None:
    """Prove parts of an audience that was frozen elsewhere; nothing where that is over."""
    if (send := app.ledger.unproved(send_id)) is None:
        return
    try:
        app.sending().help_to_prove(send, app.now(), stopped)
    except PlanRefused:  # it was refused, and is gone; if not, something is wrong with it
        if app.ledger.unproved(send_id):
            raise


def _may_take(app: App, send_id: int) -> bool:
    with app.database.connect() as connection:
        return send_id in ready(connection, app.now())


async def sent_together(
    app: App,
    sending: Sending,
    send: Send,
    limit: int | None,
    progress: Callable[[int], None],
    workers: Workers | None,
    stop: asyncio.Event,
) -> Report:
    """Take part in what others send, too, until nobody has any of it in hand; what all did is counted."""
    before, began = report_on(app, send), time.monotonic()
    told = _Told(app, before, progress)
    async with attending(app, send.id) as attendance, told.again_and_again():
        await sending.run(send, app.now(), stop, attendance.count, limit=limit, workers=workers)
        while not stop.is_set() and await asyncio.to_thread(_others_have, app, send):
            await pause(stop, LOOK_EVERY)
            sending.dispatcher.recover(app.now())
            # What others gave back, or left when they were lost.
            if not (stop.is_set() or sending.dispatcher.held(app.now())) and _may_take(app, send.id):
                limit = sending.dispatcher.within(None, app.now())
                await sending.run(send, app.now(), stop, attendance.count, limit=limit)
    return summed_up(app, before, told.told, began, stop)


@dataclass(slots=True)
class _Told:
    """Tells how many have been settled since, by whomever."""

    app: App
    before: Report
    progress: Callable[[int], None]
    told: int = 0

    @asynccontextmanager
    async def again_and_again(self) -> AsyncIterator[None]:
        """Tell it each moment of the block, and once more at its end."""
        telling = asyncio.create_task(self._again_and_again())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.wait({telling})  # a thread may be looking still
            self._tell()

    async def _again_and_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await asyncio.to_thread(self._tell)

    def _tell(self) -> None:
        with suppress(MailerError):  # the database is away for a moment
            new = report_on(self.app, self.before.send).tried - self.before.tried - self.told
            self.told += new
            self.progress(new)


def _others_have(app: App, send: Send) -> bool:
    with app.database.connect() as connection:
        return in_hand(connection, send)


def summed_up(app: App, before: Report, settled: int, began: float, stop: asyncio.Event) -> Report:
    after = report_on(app, app.ledger.reread(before.send))
    return replace(
        after,
        settled=settled,
        seconds=time.monotonic() - began,
        failed_now=after.failed - before.failed,
        interrupted=stop.is_set(),
    )
