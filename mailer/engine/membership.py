"""This process as one of those who send over an account: it asks for its share again and again.

Asking runs beside the sending: a commit that takes long holds nothing up. If the database is away, the share
ends by itself, and nothing more goes until there is a new one. Who is alone on an account whose database is a
file has all of it, and asks nobody, unless there is a quota or a warm-up to keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from logging import getLogger
from typing import Any

from mailer.domain.learned import ACCOUNT, Learned
from mailer.engine.feeder import pacing_time
from mailer.engine.pacing.asking import Answer, Asker, Question, is_alone
from mailer.engine.pacing.dealing import LEASE, MARGIN, RENEW_EVERY, SharedAccount
from mailer.engine.pacing.pace import LimitMet
from mailer.errors import MailerError
from mailer.ledger.shared_accounts import AccountRow, SharedAccounts
from mailer.store.sharing import Sharing

log = getLogger(__name__)

CONFIRM_AFTER = 0.1  # seconds until who has less now has heard it, and the others may have the rest


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """What the ledger has counted, while the row of the account is held."""

    row: AccountRow
    left_of: Callable[[AccountRow], int | None]

    def count(self, messages: int) -> None:
        """See `engine.pacing.asking.Counts`."""
        self.row.count(messages)

    def left(self) -> int | None:
        """See `engine.pacing.asking.Counts`."""
        return self.left_of(self.row)


@dataclass(slots=True)
class Membership:
    """One member of an account. `left` returns how many messages may go yet in this period; None: any.

    `asks`: whether it asks the database also while it is alone.
    """

    accounts: SharedAccounts
    sharing: Sharing
    left: Callable[[AccountRow], int | None]
    asker: Asker
    asks: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Have a share for the block, which ends when the ledger has all that was sent."""
        with self.sharing.present(self.asker.name, self._news.set):
            self.asker.holder.tell = self._tell
            self.asker.holder.extend(0.0)  # nothing goes before there is a share
            try:
                await self._see()
                keeping = asyncio.create_task(self._keep())
                keeping.add_done_callback(partial(_end, asyncio.current_task()))
                try:
                    yield
                finally:
                    keeping.cancel()
                    with suppress(asyncio.CancelledError):
                        await keeping
            finally:
                self._leave()

    def whole(self, learned: Iterable[Learned]) -> Iterator[Learned]:
        """Yield what was found out in a share as it is for the whole account."""
        for each in learned:
            whole = each.times(1 / self.asker.holder.part) if self.asker.asked else each
            found = self.asker.found if self.asker.asked else each.connections
            yield replace(whole, connections=found) if each.scope == ACCOUNT else whole

    def _tell(self, refusal: LimitMet) -> None:
        self.asker.tell(refusal)
        self._news.set()

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_EVERY):
                    await self._news.wait()
            self._news.clear()
            if await self._see():
                await asyncio.sleep(CONFIRM_AFTER)
                self._news.set()

    async def _see(self) -> bool:
        """See who is there, and ask if anybody may be; return whether there is less now than before."""
        others, began = self.sharing.others(self.asker.name), pacing_time()
        if is_alone(others) and not self.asks:
            self.asker.nobody_hears()
            self.asker.holder.extend(began + LEASE - MARGIN)
            return False
        question = self.asker.question(began)
        self.asks = True
        try:
            answer = await _to_its_end(asyncio.to_thread(self._agree, question, others))
        except MailerError as error:
            log.warning("no share of the account could be had: %s", error)
            self.asker.unanswered(question)
            return False
        self.asks = not is_alone(others) or answer.grant.messages is not None
        return self.asker.heed(question, answer)

    def _agree(self, question: Question, others: frozenset[str] | None) -> Answer:
        with self.accounts.locked() as row:
            account = SharedAccount.load(row.state)
            counts = LedgerCounts(row, self.left)
            answer = self.asker.agree(question, account, counts, others, row.now, pacing_time())
            row.state = account.dump()
            if question.urgent:
                self.sharing.announce(row.connection)
        return answer

    def _leave(self) -> None:
        if not self.asks:
            return  # the database knows nothing of this one
        try:
            with self.accounts.locked() as row:
                account = SharedAccount.load(row.state)
                account.leave(self.asker.name)
                row.state = account.dump()
                self.sharing.announce(row.connection)
        except MailerError as error:
            log.warning("the account could not be left, and will be by itself: %s", error)


async def _to_its_end(asking: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the answer of a thread, which is waited for also by who is cancelled.

    The thread is not: it would ask once more for who has left, and what it is granted would be lost to all.
    """
    answer = asyncio.create_task(asking)
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        with suppress(MailerError):
            await answer
        raise


def _end(working: asyncio.Task[Any] | None, keeping: asyncio.Task[None]) -> None:
    """Let nobody wait for a share that is not to come."""
    if working and not keeping.cancelled():
        working.cancel()
