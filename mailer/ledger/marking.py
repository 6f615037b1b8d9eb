"""Holding chunks where others can't see whether this worker lives: for a time, and with marks for witness.

A chunk is leased. Before a message may be handed over a commit says so: the mark, which names whom the server
may get from now on and renews the lease. Whoever takes a chunk whose lease has ended makes the marked ones
uncertain of whom nothing more is known, and sends the rest. A worker that lived on finds out by the epoch,
and says what it knows (`mailer.ledger.testimony`).

Between two marks the worker goes by its own monotonic clock: it stops handing over before its leases end,
counted from before the commit began. Nothing rests on that but how few become uncertain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import getLogger
from typing import Any, ClassVar

from sqlalchemy import Connection, select

from mailer.domain.delivery import Claim, Settlement, State
from mailer.domain.outcome import Stage
from mailer.errors import StorageBusy
from mailer.ledger.chunks import Chunk, change
from mailer.ledger.holding import Holding
from mailer.ledger.outcomes import Tally
from mailer.ledger.recording import record
from mailer.ledger.taking import Taken
from mailer.ledger.testimony import testify
from mailer.store.dialect import moment_in
from mailer.store.schema import chunks

log = getLogger(__name__)

LEASE = 6.0  # seconds
MARGIN = 1.5  # seconds before its end at which nothing more is handed over


@dataclass(slots=True)
class _Unsure:
    """A commit of which no answer came: `then` is to be done if it took place all the same."""

    chunk: Chunk
    marks: int
    then: Callable[[], None]


@dataclass(slots=True)
class MarkedHolding(Holding):
    """What a worker holds of a send by leases. Every method raises StorageBusy while the ledger is away.

    Whatever was to be recorded by a call that raised it may be given once more.
    """

    lease: float | None = LEASE

    shared: ClassVar[bool] = True

    _marked: dict[int, set[int]] = field(default_factory=dict)  # by the chunk: not settled yet
    _marks: dict[int, int] = field(default_factory=dict)  # by the chunk: commits so far
    _safe_until: float = 0.0
    _unsure: _Unsure | None = None
    lost: set[int] = field(default_factory=set)
    """Those of chunks that others have taken: whatever of them waits here must not go."""

    @property
    def safe(self) -> bool:
        """Whether what is marked may be handed over now."""
        return time.monotonic() < self._safe_until

    def take(self, now: datetime, without: Collection[str] = (), most: int = 1) -> list[Claim]:
        """Take chunks, each for the time of the lease."""
        self._make_sure()
        claims = Holding.take(self, now, without, most)
        for chunk in self._taken:
            self._marked.setdefault(chunk, set())
            self._marks.setdefault(chunk, 0)
        return claims

    def mark(self, delivery_ids: Sequence[int], settlements: Sequence[Settlement] = ()) -> None:
        """Record what became of deliveries and, in the same commit, that these may be handed over now.

        Every lease is renewed. Those of a chunk that was lost are in `lost` from then on.
        """
        self._make_sure()
        began = time.monotonic()
        told, marked = self._by_chunk(settlements), self._grouped(delivery_ids)
        late = [each for each in settlements if each.delivery_id not in self._chunk_of]
        lost: list[Taken] = []

        def after() -> None:
            self._safe_until = began + (self.lease or LEASE) - MARGIN
            for chunk in self._taken:
                self._marks[chunk] += 1
                self._marked[chunk] |= marked.get(chunk, set())
            for chunk, group in told.items():
                people = [each.delivery_id for each in group]
                self._marked[chunk].difference_update(people)
                self._settled(chunk, people)

        first = next(iter(self._taken), None)
        try:
            with self.engine.begin(alone=False) as connection:
                for chunk, taken in self._taken.items():
                    if not self._commit(connection, taken, told.get(chunk, ()), marked.get(chunk, set())):
                        lost.append(taken)
        except StorageBusy:
            if first is not None:
                self._unsure = _Unsure(self._taken[first].chunk, self._marks[first], after)
            raise
        for taken in lost:
            late += told.pop(taken.chunk.id, ())
            self._lose(taken)
        after()
        self._testify(late)

    def record(self, settlements: Sequence[Settlement]) -> None:
        """Record what became of deliveries, and renew the leases."""
        self.mark((), settlements)

    def disown(self, unhanded: Collection[int], now: datetime) -> None:
        """Say of `lost` ones that they were never handed over, and forget the others."""
        self.lost = set()
        self._testify([Settlement(each, State.QUEUED, now, Stage.CONTENT, "") for each in unhanded])

    def _commit(
        self, connection: Connection, taken: Taken, settlements: Sequence[Settlement], marked: set[int]
    ) -> bool:
        chunk = taken.chunk
        doubt = self._marked[chunk.id] | marked
        doubt.difference_update(each.delivery_id for each in settlements)
        values: dict[str, Any] = {
            "leased_until": moment_in(connection, self.lease or LEASE),
            "in_doubt": sorted(doubt),
            "marks": self._marks[chunk.id] + 1,
        }
        # The lease first: where it was lost, nothing is recorded.
        if not change(connection, chunk, Tally(), **values):
            return False
        if settlements:
            record(connection, self.policy, taken, settlements, self.send.number, self.account)
        return True

    def _grouped(self, delivery_ids: Sequence[int]) -> dict[int, set[int]]:
        grouped: dict[int, set[int]] = {}
        for each in delivery_ids:
            if (taken := self._chunk_of.get(each)) is not None:
                grouped.setdefault(taken.chunk.id, set()).add(each)
        return grouped

    def _settled(self, chunk: int, people: Collection[int]) -> None:
        Holding._settled(self, chunk, people)
        if chunk not in self._taken:
            del self._marks[chunk], self._marked[chunk]

    def _lose(self, taken: Taken) -> None:
        log.warning("%s lost chunk %d: others have taken it", self.worker, taken.chunk.id)
        self.lost |= taken.waiting
        self._settled(taken.chunk.id, set(taken.waiting))

    def _make_sure(self) -> None:
        """Find out whether a commit took place whose answer was lost, before there is another one."""
        if (unsure := self._unsure) is None:
            return
        c = chunks.c
        same = (c.id == unsure.chunk.id) & (c.epoch == unsure.chunk.epoch)
        with self.engine.connect() as connection:
            marks = connection.scalar(select(c.marks).where(same))
        self._unsure = None
        if marks is not None and marks > unsure.marks:
            unsure.then()

    def _testify(self, late: Sequence[Settlement]) -> None:
        if late:
            said = {each.delivery_id: each for each in late}
            with self.engine.begin() as connection:
                testify(
                    connection,
                    self.send.id,
                    self.worker,
                    said,
                    self.send.number,
                    datetime.now(UTC),
                    whole=False,
                )
