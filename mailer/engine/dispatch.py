"""One run of a send: settle what the dead left, queue what is due, work until nothing is queued."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cache, partial
from logging import getLogger
from pathlib import Path

from sqlalchemy import Connection

from mailer.domain.delivery import RetryPolicy, State
from mailer.domain.learned import ACCOUNT, Learned
from mailer.domain.moment import utc_text
from mailer.domain.send import Send
from mailer.domain.warmup import WarmUp
from mailer.engine.feeder import pacing_time
from mailer.engine.membership import Membership
from mailer.engine.pacing.asking import Asker, Holder
from mailer.engine.pacing.pace import Pace
from mailer.engine.pacing.rate import INFINITE
from mailer.engine.personaliser import Personaliser
from mailer.engine.send_gate import Held, SendGate
from mailer.engine.standing import send_command
from mailer.engine.worker import Progress, Worker
from mailer.errors import AccountFault, AtWork, PlanRefused
from mailer.jobs.port import Help, Jobs, calls
from mailer.ledger.history import TakenIn
from mailer.ledger.holding import Holding
from mailer.ledger.in_hand import ready
from mailer.ledger.journal import Journal, JournalHeader
from mailer.ledger.ledger import Ledger
from mailer.ledger.marking import MarkedHolding
from mailer.ledger.pace_memory import PaceMemory, account_key
from mailer.ledger.reclaim import recover
from mailer.ledger.shared_accounts import AccountRow, SharedAccounts
from mailer.message.mime.template import MessageTemplate
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.store.database import Database
from mailer.store.dialect import is_shared
from mailer.store.presence import BEGINNING, LOOK
from mailer.store.sharing import own_name

log = getLogger(__name__)

BEGIN_WAIT = 30.0  # seconds; to freeze and prove an audience takes well under one for thousands
PROVERS = 32  # processes at most that are called to prove an audience
NOT_TWICE = "decided by itself: its answer was lost, and no letter is sent twice"
RESENT = "sent again: its answer was lost and UNCERTAIN=resend"


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What every run needs, whichever send it is.

    `rate` is in messages a second (0: no limit); a day of the `warmup` is one in `zone`; `command` is how
    this process is called, should another one ask who is at work; `jobs` call others to a send, where there
    are any, and to the proof of one to more than `large`.
    """

    database: Database
    journals: Path
    account: Account
    rate: float = 0.0
    resend_uncertain: bool = False
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    warmup: WarmUp | None = None
    sender_domain: str = ""
    zone: tzinfo = UTC
    command: str = "send-issue"
    jobs: Jobs | None = None
    large: int = 200_000

    @property
    def ledger(self) -> Ledger:
        """The ledger of this database."""
        return Ledger(self.database, self.policy)

    @property
    def memory(self) -> PaceMemory:
        """What is remembered of this account's limits."""
        return PaceMemory(self.database, self._account_key)

    @property
    def _account_key(self) -> str:
        return account_key(self.account.host, self.account.username)

    def held(self, now: datetime) -> Held | None:
        """Return why nothing may go now, and until when; None if something may."""
        return self._gate.held(now)

    def within(self, limit: int | None, now: datetime) -> int | None:
        """Return how many messages may go now, `limit` at most; None: as many as there are."""
        return self._gate.within(limit, now)

    @property
    def _gate(self) -> SendGate:
        return SendGate(self.memory, self.warmup, self.sender_domain, self.zone)

    def membership(self, holder: Holder, known: Iterable[Learned]) -> Membership:
        """Return what gets the `holder` its share of the account, of which so much is `known`."""
        connections = next((each.connections for each in known if each.scope == ACCOUNT), None)
        return Membership(
            SharedAccounts(self.database, self._account_key),
            self.database.sharing(self.journals, self._account_key),
            self._left,
            Asker(
                own_name(),
                pacing_time(),
                holder,
                self.rate or INFINITE,
                self.account.connections,
                connections,
            ),
            asks=bool(self.warmup or any(each.quota for each in known if each.scope == ACCOUNT)),
        )

    def _left(self, row: AccountRow) -> int | None:
        return replace(self._gate, memory=self.memory.over(row.connection)).left(row.moment)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Hold the right to begin a send, lest two processes freeze the same one. Raises AtWork."""
        with self._turn(BEGINNING, "a send is being begun", "Run the same command again.", BEGIN_WAIT):
            yield

    @contextmanager
    def sending(self, send: Send) -> Iterator[None]:
        """Hold the right to send this one; AtWork while another process has it, whom it names.

        Where jobs call others to it, any number may have it: the ledger deals out the chunks.
        """
        if self.jobs is not None:
            yield
            return
        problem = f"{send.label} to {send.audience} is being sent already"
        next_step = f"Wait until it has ended, or stop it with: mailer pause {send.slug}"
        with self._turn(send.id, problem, next_step):
            yield

    @contextmanager
    def _turn(self, number: int, problem: str, next_step: str, wait: float = LOOK) -> Iterator[None]:
        try:
            with self.database.presence(self.journals).turn(number, self.command, wait=wait):
                yield
        except AtWork as error:
            raise AtWork(error.who, f"{problem}, by {error.who}", next_step=next_step) from None

    def recover(self, now: datetime) -> TakenIn:
        """Settle what dead workers left, of whichever send, and what a restored database can't know."""
        return recover(self.database, self.journals, self.policy, now)

    def call(self, send: Send, now: datetime, connection: Connection) -> None:
        """Call others to a send that may go, in the transaction that lets it."""
        if self.jobs is not None and (number := ready(connection, now).get(send.id)):
            self.jobs.enqueue(connection, calls(send.id, number))

    def call_to_prove(self, send: Send, connection: Connection) -> None:
        """Call others to prove a send, in the caller's transaction."""
        if self.jobs is not None:
            self.jobs.enqueue(connection, (Help(send.id, turn, proves=True) for turn in range(PROVERS)))

    def prepare(self, send: Send, now: datetime) -> None:
        """Queue what may go now: what is due again, and what is uncertain where the setting says so.

        A letter whose answer was lost is taken for sent: nobody is there to decide on each.
        """
        if send.kind.lasts:
            self.ledger.decide(send, State.UNCERTAIN, State.ACCEPTED, NOT_TWICE, now)
        elif self.resend_uncertain:
            self.ledger.resend_uncertain(send, RESENT, now)
        self.ledger.requeue_due(send, now)

    def template(self, send: Send, number: int) -> MessageTemplate:
        """Return the `number`th text of the send; PlanRefused if a restored backup is from before it."""
        if stored := self.ledger.template(send, number):
            return MessageTemplate.load(stored)
        raise PlanRefused(
            f"{send.slug} was corrected after the backup that this database comes from, "
            f"and the corrected text (rev {send.revision[:12]}) is not in it",
            next_step=f"to send the right text to the rest: {send_command(send, '--corrected')}",
        )

    async def run(
        self,
        send: Send,
        personaliser: Personaliser,
        now: datetime,
        stop: asyncio.Event,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Send what is queued until none is left, none may go, or `stop` is set.

        `pace` is what one of several processes goes by that this one forked: they have a share of the account
        together, and remember together. Without it this process asks for a share of its own. Raises
        AccountFault and its kin.
        """
        known, membership = self.memory.recall(now) if pace is None else [], None
        if pace is None:
            pace = Pace(self.rate, self.account.connections, known)
            membership = self.membership(pace, known)
        template = cache(partial(self.template, send))
        template(send.number)  # before there is anything to take back
        header = JournalHeader(
            send.id, utc_text(send.created_at), send.slug, self._account_key, send.revision
        )
        journal = Journal(self.journals, now, header)
        worker = Worker(
            self._hand(send, journal.name),
            journal,
            template,
            personaliser,
            pace,
            limit=limit,
            in_flight=self.account.connections * self.account.window,
            progress=progress or (lambda settled: None),  # noqa: ARG005
        )
        log.info("%s to %s: begun, as %s", send.label, send.audience, worker.journal.name)
        try:
            async with membership.kept() if membership else nullcontext():
                try:
                    await deliver(worker, self.account, stop)
                    if not stop.is_set():
                        worker.finish(alone=membership is not None)
                finally:
                    worker.close()
                    log.info("%s to %s: ended, with %s", send.label, send.audience, worker.summary())
        except AccountFault:
            # A limit that the server calls an error passes by itself; the account is in order.
            if pace.parked_until(datetime.now(UTC).timestamp()) is None:
                raise
        finally:
            if membership:
                self.remember(membership.whole(pace.learned()), datetime.now(UTC), known)

    def _hand(self, send: Send, worker: str) -> Holding:
        kind = MarkedHolding if is_shared(self.database) else Holding
        return kind(self.database, send, worker, self._account_key, self.policy)

    def remember(self, found: Iterable[Learned], now: datetime, known: Iterable[Learned]) -> None:
        """Keep what was found out about the account's limits, if anything was, since so much was `known`."""
        if news := list(found):
            self.memory.remember(news, now, known)
