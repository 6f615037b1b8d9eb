"""When a staged send stops by itself: `failed > 3% or complaints > 0.1%`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

SYNTAX = "write it like: failed > 3% or complaints > 0.1%"


class Judged(StrEnum):
    """What of a send a condition may name."""

    FAILED = "failed"
    BOUNCED = "bounced"
    COMPLAINTS = "complaints"
    DEFERRED = "deferred"
    UNSUBSCRIBED = "unsubscribed"
    UNCERTAIN = "uncertain"


# These follow a copy that was accepted, and are shares of those; the others, of all that were tried.
AFTERWARDS = frozenset({Judged.BOUNCED, Judged.COMPLAINTS, Judged.UNSUBSCRIBED})
ALIASES = {"bounces": Judged.BOUNCED, "complained": Judged.COMPLAINTS, "unsubscribes": Judged.UNSUBSCRIBED}
_TERM = re.compile(r"\s*([a-z]+)\s*(>=|>)\s*(\d+(?:\.\d+)?)\s*(%?)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figures:
    """How a send does: copies that were tried, those of them that were accepted, and what came of them."""

    tried: int
    accepted: int
    counts: Mapping[Judged, int]

    def since(self, earlier: Figures) -> Figures:
        """Return what was added to these earlier ones."""
        counts = {each: max(self.counts[each] - earlier.counts.get(each, 0), 0) for each in self.counts}
        return Figures(max(self.tried - earlier.tried, 0), max(self.accepted - earlier.accepted, 0), counts)

    def data(self) -> dict[str, int]:
        """Return them as JSON takes them."""
        return {"tried": self.tried, "accepted": self.accepted} | {str(k): n for k, n in self.counts.items()}

    @classmethod
    def read(cls, data: Mapping[str, int]) -> Figures:
        """Return the figures that `data` made."""
        counts = {Judged(name): n for name, n in data.items() if name in set(Judged)}
        return cls(data["tried"], data["accepted"], counts)


@dataclass(frozen=True, slots=True)
class Bound:
    """One figure and what it must not exceed: a number of copies, or a share of them in per cent."""

    judged: Judged
    reaching: bool  # >=: the number itself is too many already
    number: float
    is_share: bool

    def exceeded(self, figures: Figures, of_at_least: int) -> str:
        """Return by how much it is exceeded, in words; empty if it isn't."""
        count = figures.counts.get(self.judged, 0)
        base = figures.accepted if self.judged in AFTERWARDS else figures.tried
        most = self.number * max(base, of_at_least) / 100 if self.is_share else self.number
        if not count or not (count >= most if self.reaching else count > most):
            return ""
        share = f" ({count / base:.2%})" if base else ""
        return f"{self}: {count:,} of {base:,}{share}"

    def __str__(self) -> str:
        sign = ">=" if self.reaching else ">"
        return f"{self.judged} {sign} {self.number:g}{'%' if self.is_share else ''}"


@dataclass(frozen=True, slots=True)
class StopCondition:
    """Bounds that are exceeded together, or others that are: `and` binds more closely than `or`."""

    alternatives: tuple[tuple[Bound, ...], ...]

    @classmethod
    def parse(cls, text: str) -> StopCondition:
        """Return the condition that was typed; ValueError says what of it can't be understood."""
        parts = [re.split(r"\band\b", each, flags=re.IGNORECASE) for each in _either(text)]
        return cls(tuple(tuple(map(_bound, each)) for each in parts))

    def struck(self, figures: Figures, of_at_least: int = 0) -> str:
        """Return why to stop, in words; empty if there is no reason to.

        While copies are still under way shares are those `of_at_least` so many: what strikes then does so
        whatever becomes of the rest, and not because the first one of all failed.
        """
        for together in self.alternatives:
            words = [each.exceeded(figures, of_at_least) for each in together]
            if all(words):
                return " and ".join(words)
        return ""

    def names(self, judged: Judged) -> bool:
        """Whether that figure matters."""
        return any(each.judged is judged for together in self.alternatives for each in together)

    def __str__(self) -> str:
        return " or ".join(" and ".join(map(str, together)) for together in self.alternatives)


def _either(text: str) -> Iterator[str]:
    if not text.strip():
        raise ValueError(f"it is empty; {SYNTAX}")
    yield from re.split(r"\bor\b", text, flags=re.IGNORECASE)


def _bound(text: str) -> Bound:
    if not (found := _TERM.fullmatch(text)):
        raise ValueError(f"{text.strip()!r} is no condition; {SYNTAX}")
    name, sign, number, percent = found[1].lower(), found[2], float(found[3]), bool(found[4])
    judged = ALIASES.get(name) or (Judged(name) if name in set(Judged) else None)
    if judged is None:
        raise ValueError(f"{name!r} is nothing to stop by; there is: {', '.join(Judged)}")
    if percent and number > 100:
        raise ValueError(f"{text.strip()!r} never holds: there is no more than 100%")
    return Bound(judged, sign == ">=", number, percent)
