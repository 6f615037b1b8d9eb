"""What a worker asks of the ledger and of its journal, however they keep it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from mailer.domain.delivery import Claim, Halt, Settlement
from mailer.domain.send import Send


class WorkerLedger(Protocol):
    """The deliveries of a send; `worker` is the name of the journal that a claim is held under."""

    def claim(
        self,
        send: Send,
        worker: str,
        limit: int,
        now: datetime,
        *,
        without: Sequence[str] = (),
        unrefused: bool = False,
    ) -> list[Claim]:
        """Take up to `limit` queued deliveries; none only where none else is queued any more.

        Those to the domains `without` are left, and with `unrefused` those that a server refused before.
        """

    def requeue_due(self, send: Send, now: datetime) -> int:
        """Queue the deferred deliveries whose time has come; return how many."""

    def record(self, worker: str, settlements: Sequence[Settlement], account: str) -> None:
        """Record what became of deliveries that `worker` holds."""

    def refused_before(self, send: Send, delivery_ids: Sequence[int]) -> dict[int, bool]:
        """Return which of these were refused and put back, and whether others were accepted since."""

    def halted(self, send: Send) -> Halt | None:
        """Return whether a person halted the send, as it is now."""

    def withdraw(self, send: Send, worker: str, waiting: Iterable[int], now: datetime) -> set[int]:
        """Cancel those `waiting` whose people left or were suppressed; return which."""

    def give_back(self, worker: str, now: datetime) -> None:
        """Put what `worker` claimed and never handed over back into the queue."""

    def cancel_rest(self, now: datetime) -> int:
        """Cancel what came back to the queue of cancelled sends; return how many."""


class WorkerJournal(Protocol):
    """What left the process, written down before the ledger knows."""

    @property
    def name(self) -> str:
        """What the worker's claims are held under."""

    def handed(self, delivery_ids: Sequence[int]) -> None:
        """Write that the contents of these may reach the server from now on."""

    def settled(self, settlements: Iterable[Settlement]) -> None:
        """Write what became of deliveries."""

    def recorded(self) -> None:
        """Write that the ledger has every settlement so far."""

    def close(self, *, keep: bool) -> None:
        """Let go of it; `keep` it for who recovers what is open."""
