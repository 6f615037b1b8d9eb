"""The arithmetic of the benchmarks: what a run came to, medians, and what was to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Taken:
    """What the sink says. `first` and `last` are moments of a message's end on the monotonic clock, in
    seconds; `cpu` is its own, in seconds; `early` counts commands sent before they might be."""

    messages: int
    octets: int
    connections: int
    early: int
    first: float
    last: float
    cpu: float

    @property
    def rate(self) -> float:
        """Messages a second, from the first one's end to the last one's."""
        return (self.messages - 1) / (self.last - self.first) if self.last > self.first else 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost, its child processes included: when it `began` (monotonic), `cpu` in seconds, and
    the peak of the memory of all of them together (PSS: shared pages count once) in octets."""

    began: float
    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A run, or the median of several, field by field: messages a second; CPU of sender, sink, wire and
    database server in microseconds a message; seconds to the first message; peak memory in MB; octets a
    message."""

    rate: float
    cpu: float
    sink_cpu: float
    wire_cpu: float
    database_cpu: float
    start: float
    memory: float
    size: float
    slowest: float = 0.0
    fastest: float = 0.0


def figures(taken: Taken, cost: Cost, wire_cpu: float = 0.0, database_cpu: float = 0.0) -> Figures:
    """Return the figures of one run; `wire_cpu` and `database_cpu` in seconds."""
    each = 1e6 / taken.messages
    rate = taken.rate
    return Figures(
        rate=rate,
        cpu=cost.cpu * each,
        sink_cpu=taken.cpu * each,
        wire_cpu=wire_cpu * each,
        database_cpu=database_cpu * each,
        start=taken.first - cost.began,
        memory=cost.memory / 1e6,
        size=taken.octets / taken.messages,
        slowest=rate,
        fastest=rate,
    )


def typical(runs: Sequence[Figures]) -> Figures:
    """Return the median of each field, and the slowest and fastest rate."""
    rates = [run.rate for run in runs]
    medians = {name: median(getattr(run, name) for run in runs) for name in Figures.__dataclass_fields__}
    return replace(Figures(**medians), slowest=min(rates), fastest=max(rates))


class Verdict(StrEnum):
    """How a measured value stands to what was to be reached."""

    MET = "met"
    BETWEEN = "short of the target, within the bound"
    MISSED = "MISSED"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Target:
    """Something to reach: `goal`, and the `bound` that must hold. Ratios and rates are better when higher,
    seconds, memory and CPU when lower."""

    name: str
    goal: float
    bound: float
    unit: Literal["×", "MB", "%", "s"]
    better: Literal["higher", "lower"]

    def verdict(self, value: float | None) -> Verdict:
        """Return how `value` stands to goal and bound; None is a value that could not be had."""
        if value is None:
            return Verdict.UNKNOWN
        sign = 1 if self.better == "higher" else -1
        if sign * value >= sign * self.goal:
            return Verdict.MET
        return Verdict.BETWEEN if sign * value >= sign * self.bound else Verdict.MISSED

    def written(self, value: float | None) -> str:
        """Return a value in the target's unit, as a person reads it."""
        if value is None:
            return "–"
        digits = 0 if self.unit in ("MB", "%") or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:,.{digits}f} {self.unit}"


@dataclass(frozen=True, slots=True)
class Result:
    """A target and what was measured: `value` in its unit, and `measured`, the figures that it came from."""

    target: Target
    value: float | None
    measured: str = ""

    @property
    def verdict(self) -> Verdict:
        """How it stands."""
        return self.target.verdict(self.value)


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return how many times `theirs` goes into `ours`; None where one of them was not measured."""
    return ours / theirs if ours is not None and theirs else None


def growth(small: float | None, large: float | None) -> float | None:
    """Return by how many per cent `large` is more than `small`."""
    return None if small is None or large is None else (large / small - 1) * 100
