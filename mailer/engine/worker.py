"""A worker: claims deliveries, fills their messages, feeds the connections and records what comes back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mailer.compose.template import MessageTemplate
from mailer.domain.delivery import State
from mailer.domain.outcome import Outcome, Untried
from mailer.domain.settlement import Settlement, settle
from mailer.engine.correspondence import Correspondence
from mailer.engine.pacing import TokenBucket
from mailer.smtp.envelope import Envelope
from mailer.storage.journal import Journal
from mailer.storage.ledger import Claim, Ledger, Send

FLUSH_AFTER = 500  # settlements
FLUSH_EVERY = 1.0  # seconds
# A batch of claims is sized to last about this long, in seconds: someone who unsubscribes meanwhile is
# noticed when the next batch is claimed.
CLAIM_SPAN = 1.0
CLAIMS = (20, 1000)  # the least and the most in one batch
HEED_EVERY = 0.5  # seconds between looks at what was decided in another process
TRIES = 3  # times that a connection may break under a message before it is left for later

Progress = Callable[[int], None]


@dataclass(slots=True)
class Worker:
    """One send's source of envelopes (`smtp.pool.Work`) and keeper of their outcomes."""

    ledger: Ledger
    journal: Journal
    send: Send
    template: MessageTemplate
    correspondence: Correspondence
    bucket: TokenBucket
    limit: int | None = None
    progress: Progress = lambda settled: None  # noqa: ARG005

    _ready: deque[Claim] = field(default_factory=deque)
    _out: dict[int, Claim] = field(default_factory=dict)
    _unrecorded: list[Settlement] = field(default_factory=list)
    _untried: Counter[int] = field(default_factory=Counter)
    _taken: int = 0
    _batch: int = CLAIMS[0]
    _claimed_at: float = 0.0
    _flushed_at: float = field(default_factory=time.monotonic)
    _exhausted: bool = False
    _halted: bool = False
    _heeded_at: float = field(default_factory=time.monotonic)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> Envelope | None:
        """Return the next message, or None while there is none to send."""
        now = time.monotonic()
        self._heed(now)
        if self._limit_reached() or self.bucket.delay(now) or not self._claim_more(now):
            return None
        self.bucket.spend()
        claim = self._ready.popleft()
        moment = time.time()
        names = self.correspondence.names(claim.recipient, moment)
        envelope = Envelope(
            key=claim.delivery_id,
            sender=self.correspondence.return_path,
            recipient=names["envelope"].to_address,
            content=self.correspondence.write(self.template, names, moment),
        )
        self._taken += 1
        self._out[claim.delivery_id] = claim
        return envelope

    async def wait(self) -> bool:
        """Wait until `take` may have something again; False once everything is settled."""
        if self._done():
            return False
        pause = self.bucket.delay(time.monotonic())
        if self._ready and not self._limit_reached() and not pause:
            return True  # given back between `take` and here
        with suppress(TimeoutError):
            async with asyncio.timeout(min(pause, HEED_EVERY) or None):
                await self._changed.wait()
        return not self._done()

    def handed(self, keys: Sequence[int]) -> None:
        """Write to the journal that these may reach the server from now on."""
        self.journal.handed(keys)

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        """Write the outcomes to the journal; the database follows in batches."""
        at = datetime.now(UTC)
        settlements = [s for key, outcome in results if (s := self._settlement(key, outcome, at))]
        if settlements:
            self.journal.settled(settlements)
            for settlement in settlements:
                del self._out[settlement.delivery_id]
            self._unrecorded += settlements
            self.progress(len(settlements))
        if len(self._unrecorded) >= FLUSH_AFTER or time.monotonic() - self._flushed_at > FLUSH_EVERY:
            self.flush()
        # Whoever waits now is woken; whoever comes to wait later waits for the next change.
        self._changed.set()
        self._changed.clear()

    def flush(self) -> None:
        """Let the database catch up with the journal."""
        if self._unrecorded:
            self.ledger.record(self.journal.name, self._unrecorded)
            self._unrecorded = []
            self.journal.recorded()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Record the rest and give back what was never handed over; if that fails the journal stays.

        It stays also where an outcome could not be written to it: such a delivery is out still, and whoever
        reads the journal finds it handed over.
        """
        recorded = False
        try:
            self.flush()
            if not self._out:
                self.ledger.give_back(self.journal.name, datetime.now(UTC))
                self.ledger.cancel_rest(datetime.now(UTC))
                recorded = True
        finally:
            self.journal.close(keep=not recorded)

    def _claim_more(self, now: float) -> bool:
        if not self._ready and not self._exhausted:
            least, most = CLAIMS
            fast = now - self._claimed_at < CLAIM_SPAN
            self._batch = min(most, self._batch * 2) if fast else max(least, self._batch // 2)
            self._claimed_at = now
            claims = self.ledger.claim(self.send, self.journal.name, self._batch, datetime.now(UTC))
            self._ready.extend(claims)
            self._exhausted = not claims
        return bool(self._ready)

    def _heed(self, now: float) -> None:
        """Look at what was decided elsewhere: the send halted, people who left since the claim."""
        if now - self._heeded_at < HEED_EVERY:
            return
        self._heeded_at = now
        self._halted = self.ledger.halted(self.send) is not None
        waiting = [claim.delivery_id for claim in self._ready]
        if gone := self.ledger.withdraw(self.send, self.journal.name, waiting, datetime.now(UTC)):
            self._ready = deque(claim for claim in self._ready if claim.delivery_id not in gone)

    def _limit_reached(self) -> bool:
        return self._halted or (self.limit is not None and self._taken >= self.limit)

    def _done(self) -> bool:
        return not self._out and (self._limit_reached() or (self._exhausted and not self._ready))

    def _settlement(self, key: int, outcome: Outcome, at: datetime) -> Settlement | None:
        """Return what to record, or None for a message that goes back to the front of the line."""
        if not isinstance(outcome, Untried):
            return settle(key, outcome, at)
        self._untried[key] += 1
        if self._untried[key] == TRIES:
            words = f"{outcome.reason} ({TRIES} times in a row)"
            return Settlement(key, State.DEFERRED, at, outcome.stage, words)
        self._ready.appendleft(self._out.pop(key))
        self._taken -= 1
        return None
