"""One run of a send: settle what the dead left, queue what is due, work until nothing is queued."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
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
from mailer.storage.place import folder_lock, make_folder
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

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Hold the right to begin a send: two processes must not freeze the same one at once."""
        make_folder(self.journals)
        with folder_lock(self.journals, exclusive=True, busy="another program is beginning a send in"):
            yield

    def recover(self, now: datetime) -> None:
        """Settle what dead workers left, of whichever send."""
        reclaim(self.database, self.journals, self.policy, now)
        self.ledger.cancel_rest(now)

    def prepare(self, send: Send, now: datetime) -> None:
        """Queue what may go now: what is due again, and what is uncertain where the setting says so."""
        if self.resend_uncertain:
            self.ledger.decide(send, State.UNCERTAIN, State.QUEUED, RESENT, now)
        self.ledger.requeue_due(send, now)

    async def run(
        self,
        send: Send,
        correspondence: Correspondence,
        now: datetime,
        stop: asyncio.Event,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Send what is queued until none is left or `stop` is set. Raises AccountFault and its kin."""
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
            await deliver(worker, self.account, stop)
        finally:
            worker.close()
