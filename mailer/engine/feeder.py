"""Where a worker's next message comes from: claimed in batches, queued by what holds them back."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mailer.domain.delivery import Claim
from mailer.domain.learned import ACCOUNT
from mailer.domain.mailbox_providers import domains_of
from mailer.domain.send import Send
from mailer.engine.pacing.domain_queues import DomainQueues
from mailer.engine.pacing.pace import LONG, Pace
from mailer.engine.personaliser import PreparedMessage, receiver_of
from mailer.engine.ports import WorkerLedger

# A batch of claims is sized to last about this long, in seconds: someone who unsubscribes meanwhile is
# noticed when the next batch is claimed.
CLAIM_SPAN = 1.0
CLAIMS = (20, 1000)  # the least and the most in one batch


@dataclass(slots=True)
class Feeder:
    """The messages of one worker on one send. `write` prepares one; `record` has the ledger caught up.

    Moments are those of `now`: seconds since 1970 that never jump.
    """

    ledger: WorkerLedger
    send: Send
    worker: str
    pace: Pace
    write: Callable[[Claim], PreparedMessage]
    record: Callable[[], None]

    _queues: DomainQueues[PreparedMessage] = field(default_factory=lambda: DomainQueues(receiver_of))
    _again: list[float] = field(default_factory=list)  # when what was deferred for a while is due
    _batch: int = CLAIMS[0]
    _claimed_at: float = 0.0
    _unrefused: bool = True  # whom the server refused before comes last, so that they stand in nobody's way
    _exhausted: bool = False
    _only_held: bool = False  # of what is left in the queue enough waits here already
    _since: float = field(default_factory=lambda: time.time() - time.monotonic())

    def now(self) -> float:
        """Return the time as pacing counts it."""
        return self._since + time.monotonic()

    def next(self, now: float) -> PreparedMessage | None:
        """Return the next message that may go now, and count it as sent."""
        if self.pace.unlimited:
            if not self._queues.open and not self._claim(now):
                return None
            self.pace.sent(ACCOUNT, now)
            return self._queues.open.popleft()
        if self.pace.delay(ACCOUNT, now):
            return None
        prepared = self._queues.take(lambda receiver: not self.pace.delay(receiver, now))
        while prepared is None and not self._queues.open and self._claim(now):
            prepared = self._queues.take(lambda receiver: not self.pace.delay(receiver, now))
        if prepared is not None:
            self._only_held = False
            self.pace.sent(receiver_of(prepared), now)
        return prepared

    def put_back(self, prepared: PreparedMessage) -> None:
        """Take one back that was not tried: it is the next of its kind."""
        self._queues.put_back(prepared)

    def later(self, due: float) -> None:
        """Expect one back from the ledger that was deferred until `due`."""
        if due - self.now() <= LONG:
            heapq.heappush(self._again, due)

    def pause(self, now: float) -> float | None:
        """Return the seconds until `next` may give something; None if nothing more goes in this run."""
        waits = [self.pace.delay(receiver, now) for receiver in self._queues.held]
        if self._queues.open or not (self._exhausted or self._only_held):
            waits.append(self.pace.delay(ACCOUNT, now))
        if self._again:
            waits.append(max(self._again[0] - now, self.pace.delay(ACCOUNT, now)))
        soonest = min(waits, default=None)
        return None if soonest is None or soonest > LONG else max(soonest, 0.0)

    @property
    def waiting(self) -> Sequence[PreparedMessage]:
        """What is claimed and has not gone."""
        return self._queues.everyone

    def leave_out(self, delivery_ids: set[int]) -> None:
        """Forget claims that are none any more."""
        self._queues.keep(lambda prepared: prepared.delivery_id not in delivery_ids)

    def _claim(self, now: float) -> bool:
        if self._again and self._again[0] <= now:
            self._requeue(now)
        if self._exhausted or self._only_held:
            return False
        least, most = CLAIMS
        fast = now - self._claimed_at < CLAIM_SPAN
        self._batch = min(most, self._batch * 2) if fast else max(least, self._batch // 2)
        self._claimed_at = now
        enough = self._queues.full
        without = [domain for receiver in enough for domain in domains_of(receiver)]
        claims = self._next_claims(without)
        if not claims and self._unrefused:
            self._unrefused = False
            claims = self._next_claims(without)
        self._queues.put(map(self.write, claims))
        self._exhausted = not claims and not enough
        self._only_held = not claims and bool(enough)
        return bool(claims)

    def _next_claims(self, without: Sequence[str]) -> list[Claim]:
        return self.ledger.claim(
            self.send,
            self.worker,
            self._batch,
            datetime.now(UTC),
            without=without,
            unrefused=self._unrefused,
        )

    def _requeue(self, now: float) -> None:
        """Have the ledger queue what is due again."""
        self.record()
        self.ledger.requeue_due(self.send, datetime.fromtimestamp(now, UTC))
        while self._again and self._again[0] <= now:
            heapq.heappop(self._again)
        self._exhausted = self._only_held = False
