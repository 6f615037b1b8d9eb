"""Warming up a new sending domain: so many messages on the first day, more on each day after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_GROWTH = re.compile(r"(\d+)\s*x\s*(\d+(?:\.\d+)?)")
ENOUGH = 10_000_000  # messages a day: a plan that has come so far holds nothing back any more
DAYS = 3_660  # a plan that isn't through after ten years never is
SYNTAX = "write 50x1.5 (50 on the first day, half as many more each day) or each day's number: 50,100,200"


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A plan: the numbers of its first days, and by what the last one grows daily (0: it ends)."""

    days: tuple[int, ...]
    growth: float = 0.0

    @classmethod
    def parse(cls, text: str) -> WarmUp:
        """Return the plan that `50x1.5` or `50,100,200` describes; ValueError says what is wrong with it."""
        compact = text.strip().lower()
        if match := _GROWTH.fullmatch(compact):
            first, growth = int(match[1]), float(match[2])
            if first < 1 or growth <= 1:
                raise ValueError(f"{text!r} never grows; {SYNTAX}")
            return cls((first,), growth)
        parts = [part.strip() for part in re.split(r"[,\s]+", compact.rstrip("., …")) if part.strip()]
        if not parts or not all(part.isascii() and part.isdigit() and int(part) for part in parts):
            raise ValueError(f"{text!r} is no plan; {SYNTAX}")
        return cls(tuple(map(int, parts)))

    def __str__(self) -> str:
        days = ",".join(map(str, self.days))
        return f"{days}x{self.growth:g}" if self.growth else days

    def on_day(self, number: int) -> int | None:
        """Return how many messages may go on the day `number` (from 0); None: as many as there are."""
        if number < len(self.days):
            return self.days[max(number, 0)]
        if not self.growth:
            return None
        allowed = self.days[-1]
        for _ in range(number - len(self.days) + 1):
            allowed = max(allowed + 1, int(allowed * self.growth))
            if allowed >= ENOUGH:
                return None
        return allowed


@dataclass(frozen=True, slots=True)
class Warming:
    """How far a warm-up has come: its plan, its first day, today, and how many went today."""

    plan: WarmUp
    first_day: date
    today: date
    sent_today: int

    @property
    def left(self) -> int | None:
        """How many more may go today; None: as many as there are."""
        allowed = self.plan.on_day((self.today - self.first_day).days)
        return None if allowed is None else max(allowed - self.sent_today, 0)

    def days(self, messages: int) -> int:
        """Return after how many midnights so many messages have gone."""
        left = messages
        for number in range(DAYS):
            day = (self.today - self.first_day).days + number
            allowed = self.left if number == 0 else self.plan.on_day(day)
            if allowed is None or left <= allowed:
                return number
            left -= allowed
        return DAYS
