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
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import getLogger
from typing import Any, ClassVar

from sqlalchemy import Connection, select

from mailer.domain.delivery import Claim, Settlement, State
from mailer.domain.outcome import Stage
from mailer.errors import StorageBusy
from mailer.ledger.chunks import LET_GO, change
from mailer.ledger.history import mark_read
from mailer.ledger.holding import Holding
from mailer.ledger.outcomes import Tally
from mailer.ledger.recording import record, withdraw
from mailer.ledger.taking import HeldChunk
from mailer.ledger.testimony import testify
from mailer.store.dialect import moment_in
from mailer.store.schema import chunks

log = getLogger(__name__)

LEASE = 6.0  # seconds
MARGIN = 1.5  # seconds before its end at which nothing more is handed over


@dataclass(slots=True)
class _Unsure:
    """A commit of which no answer came: `then` is to be done if it took place all the same."""

    before: Mapping[int, tuple[int, int]]  # by the chunk: its epoch and its marks
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

    _owed: set[int] = field(default_factory=set)  # handed over, then lost: their answers are still to come
    _unhanded: list[Settlement] = field(default_factory=list)  # lost ones, of which that is still to be said

    @property
    def safe(self) -> bool:
        """Whether what is marked may be handed over now."""
        return time.monotonic() < self._safe_until

    def take(self, now: datetime, without: Collection[str] = (), most: int = 1) -> list[Claim]:
        """Take chunks, each for the time of the lease.

        Who is on the way still since a chunk was lost is not claimed again: the answer to that is theirs.
        """
        self._make_sure()
        claims = Holding.take(self, now, without, most)
        for chunk in self._taken:
            self._marked.setdefault(chunk, set())
            self._marks.setdefault(chunk, 0)
        return [claim for claim in claims if claim.delivery_id not in self._owed]

    def mark(self, delivery_ids: Sequence[int], settlements: Sequence[Settlement] = ()) -> None:
        """Record what became of deliveries and, in the same commit, that these may be handed over now.

        Every lease is renewed. Those of a chunk that was lost are in `lost` from then on.
        """
        self._make_sure()
        told = self._by_chunk(settlements)
        late = [each for each in settlements if each.delivery_id not in self._chunk_of]
        self.lost.update(each for each in delivery_ids if each not in self._chunk_of)

        def write(connection: Connection, taken: HeldChunk) -> None:
            group = told[taken.chunk.id]
            record(connection, self.policy, taken, group, self.send.number, self.account)

        people = {chunk: [each.delivery_id for each in group] for chunk, group in told.items()}
        for chunk in self._commit(self._grouped(delivery_ids), people, write):
            late += told.get(chunk, ())
        self._testify(late)

    def record(self, settlements: Sequence[Settlement]) -> None:
        """Record what became of deliveries, and renew the leases."""
        self.mark((), settlements)

    def withdraw(self, waiting: Collection[int], now: datetime) -> set[int]:
        """Cancel those `waiting` whose people left or were suppressed; return which must not go.

        One that could not be cancelled, for the ledger is away, is given back at the end.
        """
        self._make_sure()
        reasons = self._gone(waiting, now)

        def write(connection: Connection, taken: HeldChunk) -> None:
            withdraw(connection, self.send, taken, reasons[taken.chunk.id], now)

        if reasons:
            with suppress(StorageBusy):
                self._commit({}, reasons, write)
        return {person for group in reasons.values() for person in group}

    def disown(self, unhanded: Collection[int], now: datetime) -> None:
        """Say of `lost` ones that they were never handed over: as soon as the ledger can be reached."""
        self._owed |= self.lost.difference(unhanded)
        self.lost = set()
        self._unhanded += [Settlement(each, State.QUEUED, now, Stage.CONTENT, "") for each in unhanded]
        with suppress(StorageBusy):
            self._testify(())

    def give_back(self, now: datetime) -> None:
        """Let go of all that is held; what was lost since was never handed over."""
        self._make_sure()
        with self.engine.begin(alone=False) as connection:
            lost = [
                taken
                for taken in self._taken.values()
                if not change(connection, taken.chunk, Tally(), **LET_GO)
            ]
        self.lost.update(person for taken in lost for person in taken.waiting)
        self.disown(self.lost, now)
        self._testify(())
        with self.engine.begin(alone=False) as connection:
            mark_read(connection, self.worker)
        self._taken, self._chunk_of = {}, {}

    def _commit(
        self,
        marked: Mapping[int, Collection[int]],
        settled: Mapping[int, Collection[int]],
        write: Callable[[Connection, HeldChunk], None],
    ) -> list[int]:
        """Renew every lease, with who is `marked` and not any more, and `write` where some are `settled`.

        Return the chunks that were lost, of which nothing is done.
        """
        began = time.monotonic()
        doubts = {
            chunk: self._marked[chunk].union(marked.get(chunk, ())).difference(settled.get(chunk, ()))
            for chunk in self._taken
        }

        def then() -> None:
            self._safe_until = began + (self.lease or LEASE) - MARGIN
            for chunk, doubt in doubts.items():
                if chunk in self._taken:
                    self._marks[chunk] += 1
                    self._marked[chunk] = doubt
                    self._settled(chunk, settled.get(chunk, ()))

        before = {chunk: (taken.chunk.epoch, self._marks[chunk]) for chunk, taken in self._taken.items()}
        lost: list[HeldChunk] = []
        try:
            with self.engine.begin(alone=False) as connection:
                for chunk, taken in self._taken.items():
                    # The lease first: where it was lost, nothing is recorded.
                    if not self._renew(connection, taken, doubts[chunk]):
                        lost.append(taken)
                    elif chunk in settled:
                        write(connection, taken)
        except StorageBusy:
            self._unsure = _Unsure(before, then)
            raise
        for taken in lost:
            self._lose(taken)
        then()
        return [taken.chunk.id for taken in lost]

    def _renew(self, connection: Connection, taken: HeldChunk, doubt: Collection[int]) -> bool:
        chunk = taken.chunk
        values: dict[str, Any] = {
            "leased_until": moment_in(connection, self.lease or LEASE),
            "in_doubt": sorted(doubt),
            "marks": self._marks[chunk.id] + 1,
        }
        return change(connection, chunk, Tally(), **values)

    def _grouped(self, delivery_ids: Sequence[int]) -> dict[int, set[int]]:
        grouped: dict[int, set[int]] = {}
        for each in delivery_ids:
            if (taken := self._chunk_of.get(each)) is not None:
                grouped.setdefault(taken.chunk.id, set()).add(each)
        return grouped

    def _settled(self, chunk: int, people: Collection[int]) -> None:
        Holding._settled(self, chunk, people)
        self._owed.difference_update(people)
        if chunk not in self._taken:
            del self._marks[chunk], self._marked[chunk]

    def _lose(self, taken: HeldChunk) -> None:
        log.warning("%s lost chunk %d: others have taken it", self.worker, taken.chunk.id)
        self.lost |= taken.waiting
        self._settled(taken.chunk.id, set(taken.waiting))

    def _make_sure(self) -> None:
        """Find out whether a commit took place whose answer was lost, before there is another one.

        It did if it shows in any chunk that nobody has taken since: all of them were changed, or none.
        """
        if (unsure := self._unsure) is None:
            return
        c = chunks.c
        rows = select(c.id, c.epoch, c.marks).where(c.id.in_(unsure.before)).order_by(c.id)
        with self.engine.begin(alone=False) as connection:
            # Locked, because it may be taking place just now.
            now = connection.execute(rows.with_for_update()).all()
        self._unsure = None
        if any(
            epoch == unsure.before[chunk][0] and marks > unsure.before[chunk][1]
            for chunk, epoch, marks in now
        ):
            unsure.then()

    def _testify(self, late: Sequence[Settlement]) -> None:
        said = {each.delivery_id: each for each in (*self._unhanded, *late)}
        if not said:
            return
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
        self._unhanded = []
        self._owed.difference_update(said)
