"""Why nothing may go now: a limit of the provider that is used up, or a warm-up that has had its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from mailer.domain.learned import ACCOUNT
from mailer.domain.warmup import Warming, WarmUp
from mailer.ledger.pace_memory import PaceMemory


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing goes before `until` (aware); `why`, for a person."""

    until: datetime
    why: str
    by_provider: bool = False

    def __str__(self) -> str:
        return f"{self.why}; the rest goes from {self.until:%Y-%m-%d %H:%M} ({self.until.tzname()}) on"


@dataclass(frozen=True, slots=True)
class SendGate:
    """What holds back whole sends of one account. A warm-up's day is one in `zone`."""

    memory: PaceMemory
    warmup: WarmUp | None
    sender_domain: str
    zone: tzinfo

    def held(self, now: datetime) -> Held | None:
        """Return what holds everything back now, if anything does."""
        for learned in self.memory.recall(now):
            if learned.scope == ACCOUNT and learned.quota and learned.quota.parked_until > now.timestamp():
                until = datetime.fromtimestamp(learned.quota.parked_until, self.zone)
                return Held(until, "the provider takes no more for now", by_provider=True)
        if self._warm(now) == 0:
            tomorrow = now.astimezone(self.zone).date() + timedelta(days=1)
            until = datetime.combine(tomorrow, time(), self.zone)
            return Held(until, f"the warm-up of {self.sender_domain} has sent what it may today")
        return None

    def within(self, limit: int | None, now: datetime) -> int | None:
        """Return how many messages may go now, `limit` at most; None: as many as there are."""
        allowed = self._warm(now)
        return min((each for each in (limit, allowed) if each is not None), default=None)

    def left(self, now: datetime) -> int | None:
        """Return how many messages may go yet by quota and warm-up, as the ledger counts; None: any."""
        found = next((each.quota for each in self.memory.recall(now) if each.scope == ACCOUNT), None)
        of_quota = found.number - found.used if found and found.number else None
        return min((each for each in (of_quota, self._warm(now)) if each is not None), default=None)

    def warming(self, now: datetime) -> Warming | None:
        """Return how far the warm-up has come, which begins now if it hadn't; None without a plan."""
        if self.warmup is None:
            return None
        today = now.astimezone(self.zone).date()
        first_day, began = self.memory.warmed_since(self.sender_domain, today, now)
        midnight = datetime.combine(today, time(), self.zone)
        return Warming(self.warmup, first_day, today, self.memory.accepted_since(max(midnight, began)))

    def _warm(self, now: datetime) -> int | None:
        warming = self.warming(now)
        return warming.left if warming else None
