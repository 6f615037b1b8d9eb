"""Where a worker's next message comes from: taken in chunks, queued by what holds them back."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mailer.domain.delivery import Claim
from mailer.domain.learned import ACCOUNT
from mailer.engine.pacing.domain_queues import DomainQueues
from mailer.engine.pacing.pace import LONG, Pace
from mailer.engine.personaliser import PreparedMessage, receiver_of
from mailer.engine.ports import WorkerLedger

# What is taken at once is to last for about this long, in seconds: each time something is forced to the disk.
SPAN = 0.5
MOST = 4  # chunks


@dataclass(slots=True)
class Feeder:
    """The messages of one worker. `write` prepares one; `record` has the ledger caught up.

    Moments are those of `now`: seconds since 1970 that never jump.
    """

    ledger: WorkerLedger
    pace: Pace
    write: Callable[[Claim], PreparedMessage]
    record: Callable[[], None]

    _queues: DomainQueues[PreparedMessage] = field(default_factory=lambda: DomainQueues(receiver_of))
    _again: list[float] = field(default_factory=list)  # when what was deferred for a while is due
    _chunks: int = 1
    _taken_at: float = 0.0
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
        enough = self._queues.full
        fast = now - self._taken_at < SPAN
        self._chunks = min(MOST, self._chunks * 2) if fast else 1
        self._taken_at = now
        claims = self.ledger.take(datetime.now(UTC), enough, self._chunks)
        self._queues.put(map(self.write, claims))
        self._exhausted = not claims and not enough
        self._only_held = not claims and bool(enough)
        return bool(claims)

    def _requeue(self, now: float) -> None:
        """Have the ledger queue what is due again."""
        self.record()
        self.ledger.requeue_due(datetime.fromtimestamp(now, UTC))
        while self._again and self._again[0] <= now:
            heapq.heappop(self._again)
        self._exhausted = self._only_held = False
