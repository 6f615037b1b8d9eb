"""What one worker holds of a send: chunks that it took, until all in them are settled or given back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from logging import getLogger
from typing import ClassVar

from sqlalchemy import func, select

from mailer.domain.delivery import Claim, Halt, RetryPolicy, Settlement
from mailer.domain.send import Send
from mailer.ledger.chunks import LET_GO, change
from mailer.ledger.history import mark_read
from mailer.ledger.ledger import Ledger
from mailer.ledger.outcomes import Tally
from mailer.ledger.recording import record, withdraw
from mailer.ledger.stages import is_struck, stop_if_struck
from mailer.ledger.taking import HeldChunk, gone, take
from mailer.store.database import Database
from mailer.store.schema import consents

log = getLogger(__name__)


@dataclass(slots=True)
class Holding:
    """The chunks of `worker`, which is the name of its journal. Every method is one transaction.

    `account` is the `ledger.pace_memory.account_key` of the one that messages go through. Chunks are held for
    `lease` seconds, if it is not for as long as the worker lives.
    """

    engine: Database
    send: Send
    worker: str
    account: str = "-"
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    shared: ClassVar[bool] = False
    """Whether others, who can't see whether this worker lives, may take over what it holds."""

    lease: float | None = None

    _taken: dict[int, HeldChunk] = field(default_factory=dict)  # by the chunk
    _chunk_of: dict[int, HeldChunk] = field(default_factory=dict)  # by the person

    @property
    def ledger(self) -> Ledger:
        """The ledger that it is of."""
        return Ledger(self.engine, self.policy)

    def take(self, now: datetime, without: Collection[str] = (), most: int = 1) -> list[Claim]:
        """Take the next chunk, or some of them; none are returned only where no other one is left.

        Who left or was suppressed since the audience was frozen is cancelled instead. Those of the mailbox
        providers `without` are left.
        """
        found: list[HeldChunk] = []
        with self.engine.begin(alone=False) as connection:
            while len(found) < most:
                taken = take(connection, self.send, self.worker, now, without, self.lease, self._taken)
                if taken is None:
                    break
                found.append(taken)
        claims: list[Claim] = []
        for taken in found:
            log.debug("%s took chunk %d of send %d", self.worker, taken.chunk.id, self.send.id)
            self._taken[taken.chunk.id] = taken
            self._chunk_of.update(dict.fromkeys(taken.waiting, taken))
            claims += taken.claims
            taken.claims = []
        return claims

    def record(self, settlements: Sequence[Settlement]) -> None:
        """Record what became of deliveries; of one that isn't in hand any more nothing is."""
        by_chunk = self._by_chunk(settlements)
        with self.engine.begin(alone=False) as connection:
            for chunk, group in by_chunk.items():
                record(connection, self.policy, self._taken[chunk], group, self.send.number, self.account)
        for chunk, group in by_chunk.items():
            self._settled(chunk, [each.delivery_id for each in group])
        log.debug("%s recorded %d", self.worker, len(settlements))

    def latest_word(self) -> int:
        """Return the number of the latest word in the ledger of consent; whoever leaves says one."""
        with self.engine.connect() as connection:
            return connection.scalar(select(func.max(consents.c.id))) or 0

    def withdraw(self, waiting: Collection[int], now: datetime) -> set[int]:
        """Cancel those `waiting` whose people left or were suppressed; return which."""
        if not (reasons := self._gone(waiting, now)):
            return set()
        with self.engine.begin(alone=False) as connection:
            for chunk, group in reasons.items():
                withdraw(connection, self.send, self._taken[chunk], group, now)
        for chunk, group in reasons.items():
            self._settled(chunk, group)
        return {person for group in reasons.values() for person in group}

    def give_back(self, now: datetime) -> None:  # noqa: ARG002
        """Let go of all that is held; the worker's journal is all in the database."""
        with self.engine.begin(alone=False) as connection:
            for taken in self._taken.values():
                change(connection, taken.chunk, Tally(), **LET_GO)
            mark_read(connection, self.worker)
        self._taken, self._chunk_of = {}, {}

    def requeue_due(self, now: datetime) -> int:
        """Queue what was deferred and is due; return how many."""
        return self.ledger.requeue_due(self.send, now)

    def refused_before(self, delivery_ids: Collection[int]) -> dict[int, bool]:
        """Return which of these were refused and put back, and whether others were accepted since."""
        return self.ledger.refused_before(self.send, delivery_ids)

    def halted(self) -> Halt | None:
        """Return what holds the send, as it is now; one in stages stops here if its condition holds."""
        if self.send.rollout and is_struck(self.engine, self.send):
            with self.engine.begin(alone=False) as connection:
                stop_if_struck(connection, self.send, datetime.now(UTC))
        return self.ledger.halted(self.send)

    def cancel_rest(self, now: datetime) -> int:
        """Cancel what came back to the queue of cancelled sends; return how many."""
        return self.ledger.cancel_rest(now)

    @property
    def safe(self) -> bool:
        """Whether what is held may be handed over: always, for nobody takes it from a worker that lives."""
        return True

    @property
    def lost(self) -> set[int]:
        """What others have taken over: nothing."""
        return set()

    def mark(self, delivery_ids: Sequence[int], settlements: Sequence[Settlement]) -> None:  # noqa: ARG002
        """Record what became of deliveries; the journal is witness enough of what may be handed over."""
        self.record(settlements)

    def disown(self, unhanded: Collection[int], now: datetime) -> None:
        """Say nothing of what is never lost."""

    def _gone(self, waiting: Collection[int], now: datetime) -> dict[int, dict[int, str]]:
        """Return by the chunk who of those `waiting` left or was suppressed, and the words for it."""
        # Between the first and the last who wait: the others are through, and need no look.
        held = [
            replace(each.chunk, first=min(each.waiting), last=max(each.waiting))
            for each in self._taken.values()
            if each.waiting
        ]
        with self.engine.connect() as connection:
            left = gone(connection, self.send, held, now)
        reasons: dict[int, dict[int, str]] = {}
        for person in left.keys() & set(waiting) & self._chunk_of.keys():
            reasons.setdefault(self._chunk_of[person].chunk.id, {})[person] = left[person]
        return reasons

    def _by_chunk(self, settlements: Sequence[Settlement]) -> dict[int, list[Settlement]]:
        by_chunk: dict[int, list[Settlement]] = {}
        for each in settlements:
            if (taken := self._chunk_of.get(each.delivery_id)) is not None:
                by_chunk.setdefault(taken.chunk.id, []).append(each)
        return by_chunk

    def _settled(self, chunk: int, people: Collection[int]) -> None:
        taken = self._taken[chunk]
        taken.waiting.difference_update(people)
        for person in people:
            self._chunk_of.pop(person, None)
        if not taken.waiting:
            del self._taken[chunk]
