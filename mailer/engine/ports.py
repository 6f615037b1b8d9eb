"""What a worker asks of the ledger and of its journal, however they keep it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from mailer.domain.delivery import Claim, Halt, Settlement


class WorkerLedger(Protocol):
    """What one worker holds of a send: deliveries that it took, until they are settled or given back.

    Where it is `shared`, others who can't see that this worker lives may take over what it holds: then only
    what is marked may be handed over, and only while that is `safe`.
    """

    shared: ClassVar[bool]

    def take(self, now: datetime, without: Collection[str] = (), most: int = 1) -> list[Claim]:
        """Take `most` chunks of deliveries that are queued; none only where none else is to be had.

        Those of the mailbox providers `without` are left.
        """

    def requeue_due(self, now: datetime) -> int:
        """Queue the deferred deliveries whose time has come; return how many."""

    def record(self, settlements: Sequence[Settlement]) -> None:
        """Record what became of deliveries that are held."""

    def refused_before(self, delivery_ids: Collection[int]) -> dict[int, bool]:
        """Return which of these were refused and put back, and whether others were accepted since."""

    def halted(self) -> Halt | None:
        """Return what holds the send, as it is now."""

    def latest_word(self) -> int:
        """Return what is another number once anybody has left a list: cheaper to ask than who did."""

    def withdraw(self, waiting: Collection[int], now: datetime) -> set[int]:
        """Cancel those `waiting` whose people left or were suppressed; return which."""

    def give_back(self, now: datetime) -> None:
        """Put back into the queue what is held and was never handed over."""

    def cancel_rest(self, now: datetime) -> int:
        """Cancel what came back to the queue of cancelled sends; return how many."""

    # For a shared one.

    @property
    def safe(self) -> bool:
        """Whether what is marked may be handed over now."""

    @property
    def lost(self) -> set[int]:
        """What others have taken over."""

    def mark(self, delivery_ids: Sequence[int], settlements: Sequence[Settlement]) -> None:
        """Record what became of deliveries and, in one commit with it, that these may be handed over."""

    def disown(self, unhanded: Collection[int], now: datetime) -> None:
        """Say of lost ones that they were never handed over, and forget the others."""


class WorkerJournal(Protocol):
    """What left the process, written down before the ledger knows."""

    @property
    def name(self) -> str:
        """What the worker holds deliveries under."""

    def handed(self, delivery_ids: Sequence[int]) -> None:
        """Write that the contents of these may reach the server from now on."""

    def settled(self, settlements: Iterable[Settlement]) -> None:
        """Write what became of deliveries."""

    def recorded(self) -> None:
        """Write that the ledger has every settlement so far."""

    def close(self, *, keep: bool) -> None:
        """Let go of it; `keep` it for who recovers what is open."""
