"""Where a worker's next message comes from: taken in chunks, queued by what holds them back."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mailer.domain.delivery import Claim
from mailer.domain.learned import ACCOUNT
from mailer.engine.pacing.domain_queues import DomainQueues
from mailer.engine.pacing.pace import LONG, Pace
from mailer.engine.personaliser import PreparedMessage, receiver_of
from mailer.engine.ports import WorkerLedger
from mailer.engine.reach import Reach

# What is taken at once is to last for about this long, in seconds: each time something is forced to the disk.
SPAN = 0.5
MOST = 2  # chunks: after a power cut all of them are in doubt
# Whoever is marked is in doubt should this machine be lost: as few as make a commit each time worth while.
MARK_SPAN = 0.1  # seconds
MARKS = 1000  # the most at once


_SINCE = time.time() - time.monotonic()  # the same in all processes that are forked from this one


def pacing_time() -> float:
    """Return the time as pacing counts it: seconds since 1970 that never jump."""
    return _SINCE + time.monotonic()


@dataclass(slots=True)
class Feeder:
    """The messages of one worker. `write` prepares one; `record` has the ledger caught up, if it can be now.

    Where the ledger is shared `mark` has it witness that some may be handed over, `least` at once or more; it
    returns which of them may, None while the ledger can't be reached.

    Moments are those of `now`: seconds since 1970 that never jump.
    """

    ledger: WorkerLedger
    pace: Pace
    write: Callable[[Claim], PreparedMessage]
    record: Callable[[], bool]
    reach: Reach
    mark: Callable[[Sequence[int]], set[int] | None] = set
    least: int = 1

    _marked: deque[PreparedMessage] = field(default_factory=deque)
    _marks: int = 0  # how many are marked at once
    _marked_at: float = 0.0
    _queues: DomainQueues[PreparedMessage] = field(default_factory=lambda: DomainQueues(receiver_of))
    _again: list[float] = field(default_factory=list)  # when what was deferred for a while is due
    _chunks: int = 1
    _taken_at: float = 0.0
    _exhausted: bool = False
    _only_held: bool = False  # of what is left in the queue enough waits here already

    def now(self) -> float:
        """Return the time as pacing counts it."""
        return pacing_time()

    def next(self, now: float) -> PreparedMessage | None:
        """Return the next message that may go now, and count it as sent."""
        if not self.ledger.shared:
            return self._next(now)
        if self.reach.away or not (self.ledger.safe or self.mark([]) is not None):
            return None
        if not self._marked:
            self._mark_more(now)
        return self._marked.popleft() if self._marked else None

    def _mark_more(self, now: float) -> None:
        quick = now - self._marked_at < MARK_SPAN
        self._marks = max(self.least, min(MARKS, self._marks * 2) if quick else self._marks // 2)
        self._marked_at = now
        batch: list[PreparedMessage] = []
        while len(batch) < self._marks and (prepared := self._next(now)) is not None:
            batch.append(prepared)
        if not batch:
            return
        marked = self.mark([each.delivery_id for each in batch])
        if marked is None:
            for prepared in reversed(batch):
                self._queues.put_back(prepared)
        else:
            self._marked.extend(each for each in batch if each.delivery_id in marked)
        for prepared in batch:
            if marked is None or prepared.delivery_id not in marked:
                self.pace.kept_back(receiver_of(prepared))

    def _next(self, now: float) -> PreparedMessage | None:
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

    def look_again(self) -> None:
        """Expect more of the ledger, though it had none: some went back to the queue."""
        self._exhausted = self._only_held = False

    def pause(self, now: float) -> float | None:
        """Return the seconds until `next` may give something; None if nothing more goes in this run."""
        if self.reach.away:
            return self.reach.pause
        if self._marked:
            return 0.0
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
        return [*self._marked, *self._queues.everyone]

    def leave_out(self, delivery_ids: set[int]) -> None:
        """Forget claims that are none any more."""
        self._marked = deque(each for each in self._marked if each.delivery_id not in delivery_ids)
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
        claims: list[Claim] = []
        with self.reach.trying():
            claims = self.ledger.take(datetime.now(UTC), enough, self._chunks)
        if self.reach.away:
            return False
        self._queues.put(map(self.write, claims))
        self._exhausted = not claims and not enough
        self._only_held = not claims and bool(enough)
        return bool(claims)

    def _requeue(self, now: float) -> None:
        """Have the ledger queue what is due again."""
        if not self.record():
            return
        with self.reach.trying():
            self.ledger.requeue_due(datetime.fromtimestamp(now, UTC))
        if self.reach.away:
            return
        while self._again and self._again[0] <= now:
            heapq.heappop(self._again)
        self.look_again()
