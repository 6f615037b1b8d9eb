"""One run of a send: settle what the dead left, queue what is due, work until nothing is queued."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from mailer.compose.template import MessageTemplate
from mailer.domain.delivery import State
from mailer.domain.retry import RetryPolicy
from mailer.engine.correspondence import Correspondence
from mailer.engine.pacing import TokenBucket
from mailer.engine.worker import Progress, Worker
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.storage.journal import Journal
from mailer.storage.ledger import Ledger, Send
from mailer.storage.reclaim import reclaim

RESENT = "sent again: its answer was lost and UNCERTAIN=resend"


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What every run needs, whichever send it is."""

    database: Engine
    journals: Path
    account: Account
    rate: float = 0.0
    resend_uncertain: bool = False
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def ledger(self) -> Ledger:
        """The ledger of this database."""
        return Ledger(self.database, self.policy)

    def recover(self, now: datetime) -> None:
        """Settle what dead workers left, of whichever send."""
        reclaim(self.database, self.journals, self.policy, now)

    def prepare(self, send: Send, now: datetime) -> None:
        """Queue what may go now: what is due again, and what is uncertain where the setting says so."""
        if self.resend_uncertain:
            self.ledger.decide(send, State.UNCERTAIN, State.QUEUED, RESENT, now)
        self.ledger.requeue_due(send, now)

    def run(
        self,
        send: Send,
        correspondence: Correspondence,
        now: datetime,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> bool:
        """Send what is queued; return whether the run was interrupted. Raises AccountFault and its kin."""
        template = MessageTemplate.load(self.ledger.template(send))
        worker = Worker(
            self.ledger,
            Journal(self.journals, now),
            send,
            template,
            correspondence,
            TokenBucket(self.rate),
            limit=limit,
            progress=progress or (lambda settled: None),  # noqa: ARG005
        )
        try:
            return asyncio.run(_until_done_or_stopped(worker, self.account))
        except asyncio.CancelledError:
            return True
        finally:
            worker.close()


async def _until_done_or_stopped(worker: Worker, account: Account) -> bool:
    stop = asyncio.Event()
    with _signals(stop.set):
        await deliver(worker, account, stop)
    return stop.is_set()


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM finish what is in flight, and the second end the run at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    asked: list[int] = []

    def on_signal() -> None:
        asked.append(1)
        if len(asked) == 1:
            stop()
        elif task:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
