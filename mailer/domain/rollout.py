"""A staged rollout: a send goes to some first, and to more when that went well. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from mailer.domain.stop_condition import StopCondition
from mailer.durations import parse_duration, short

HOLD = "30m"
STOP_IF = "failed > 3% or complaints > 0.1%"
NEVER = "never"
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")


@dataclass(frozen=True, slots=True)
class Rollout:
    """The stages of a send: which `shares` of its people have it after each (per cent, the last one is 100).

    Between two of them it holds for so long, and it stops by itself when the condition holds.
    """

    shares: tuple[float, ...]
    hold: timedelta
    stop_if: StopCondition | None

    @classmethod
    def parse(cls, shares: str, hold: str = HOLD, stop_if: str = STOP_IF) -> Rollout:
        """Return the rollout that was typed, as `1%,10%,100%`; ValueError says what is wrong with it.

        The condition may be `never`.
        """
        condition = None if stop_if.strip().lower() == NEVER else StopCondition.parse(stop_if)
        return cls(_shares(shares), parse_duration(hold), condition)

    def sizes(self, people: int) -> list[int]:
        """Return how many are in each stage that has anybody: one at least, while there are any left."""
        found, had = list[int](), 0
        for share in self.shares:
            upto = min(max(ceil(people * share / 100), had + 1), people)
            if upto > had:
                found.append(upto - had)
            had = upto
        return found

    def data(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        stop = str(self.stop_if) if self.stop_if else NEVER
        return {
            "shares": list(self.shares),
            "hold_seconds": int(self.hold.total_seconds()),
            "stop_if": stop,
        }

    @classmethod
    def read(cls, data: dict[str, Any]) -> Rollout:
        """Return the rollout that `data` made."""
        stop = None if data["stop_if"] == NEVER else StopCondition.parse(data["stop_if"])
        return cls(tuple(data["shares"]), timedelta(seconds=data["hold_seconds"]), stop)

    def lines(self, people: int) -> Iterator[str]:
        """Yield what would go when, for a person."""
        sizes, had = self.sizes(people), 0
        for number, size in enumerate(sizes, 1):
            had += size
            when = f"{short(self.hold)} after stage {number - 1} is through" if number > 1 else "at once"
            yield f"stage {number} of {len(sizes)}: {counted(size)}, {when} ({had / people:.1%} have it then)"
        yield self.condition

    @property
    def condition(self) -> str:
        """By what it stops, in words."""
        return f"stops by itself if {self.stop_if}" if self.stop_if else "never stops by itself"

    def __str__(self) -> str:
        shares = ",".join(f"{each:g}%" for each in self.shares)
        return f"--stages {shares} --hold {short(self.hold)} --stop-if {str(self.stop_if or NEVER)!r}"


def counted(people: int) -> str:
    """Return how many people that is, in words."""
    return "1 person" if people == 1 else f"{people:,} people"


def _shares(text: str) -> tuple[float, ...]:
    found = []
    for part in text.split(","):
        if not (match := _SHARE.fullmatch(part.strip())):
            raise ValueError(f"{part.strip()!r} is no share of the audience; write it like 1%,10%,100%")
        found.append(float(match[1]))
    if found != sorted(set(found)) or found[0] <= 0:
        raise ValueError(f"{text!r}: each stage has to reach more people than the one before")
    if found[-1] != 100:
        raise ValueError(f"{text!r} ends in {found[-1]:g}%; the last stage is everybody: 100%")
    return tuple(found)


def dealt(send_id: int, people: Iterable[int], sizes: Sequence[int]) -> list[list[int]]:
    """Deal people (ids) out to stages of these sizes; return each stage by id.

    As good as by lot, and the same again whenever it is done for this send.
    """
    key = send_id.to_bytes(8, "big")

    def lot(person: int) -> bytes:
        return hashlib.blake2b(person.to_bytes(8, "big"), digest_size=8, key=key).digest()

    order, found, begin = sorted(people, key=lot), [], 0
    for size in sizes:
        found.append(sorted(order[begin : begin + size]))
        begin += size
    return found
