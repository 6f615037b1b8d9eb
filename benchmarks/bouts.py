"""Who meets whom: the comparisons, each of some sides run in turn, and the steps measured by themselves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.figures import Figures
from benchmarks.instruments import BUILD
from benchmarks.letters import Crowd, Letter, as_jinja, letter, people
from benchmarks.sides import Side, in_turn, ours, rival, smtp_source, step

LARGE, SMALL = 30_000, 3_000  # octets a message
SOURCE = "smtp-source -d -s 20"
OURS, PIPELINED, CHUNKED = "mailer", "mailer, PIPELINING only", "mailer, CHUNKING"


@dataclass(slots=True)
class Findings:
    """What was measured: figures by bout and side, seconds by step."""

    figures: dict[str, dict[str, Figures]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, bout: str, side: str) -> Figures | None:
        """Return a side's figures in a bout, if it ran."""
        return self.figures.get(bout, {}).get(side)


@dataclass(slots=True)
class Meeting:
    """The benchmarks of one `make bench`: `share` of the full number of messages, `rounds` that count."""

    rounds: int
    share: float
    tell: Callable[[str], None]
    stack: ExitStack
    findings: Findings = field(default_factory=Findings)
    _crowds: dict[int, Crowd] = field(default_factory=dict)
    _letters: dict[str, Letter] = field(default_factory=dict)

    def near(self) -> None:
        """Round trip 0, 30 KB: the main comparison."""
        crowd, long = self.crowd(100_000), self.letter("newsletter", LARGE)
        templates = self._templates(long)
        self._bout(
            "0 ms, 30 KB",
            ours(OURS, crowd, long),
            ours(PIPELINED, crowd, long, offers=("pipelining",)),
            smtp_source(self.count(100_000), LARGE),
            rival("smtplib", self.count(1000), templates),
            rival("premailer", self.count(500), templates),
            rival("aiosmtplib", self.count(1000), templates),
        )

    def small(self) -> None:
        """Round trip 0, 3 KB."""
        crowd, short = self.crowd(100_000), self.letter("note", SMALL)
        self._bout("0 ms, 3 KB", ours(OURS, crowd, short), smtp_source(self.count(100_000), SMALL))

    def far(self) -> None:
        """Round trip 20 ms."""
        long = self.letter("newsletter", LARGE)
        templates = self._templates(long)
        self._bout(
            "20 ms, 30 KB",
            *self._over_a_wire(long, 20, pipelined=10_000, chunked=100_000, source=2500),
            rival("smtplib", self.count(200), templates, 20),
            rival("aiosmtplib", self.count(1000), templates, 20),
        )

    def farther(self) -> None:
        """Round trip 50 ms."""
        long = self.letter("newsletter", LARGE)
        self._bout("50 ms, 30 KB", *self._over_a_wire(long, 50, pipelined=5000, chunked=50_000, source=1000))

    def memory(self) -> None:
        """Memory at 10,000 and at 1,000,000 recipients, once each: it hardly differs from run to run."""
        short = self.letter("note", SMALL)
        for count in (10_000, 1_000_000):
            side = ours(OURS, self.crowd(count), short)
            self._bout(f"memory, {count:,}", side, rounds=1, warm=False)

    def steps(self) -> None:
        """Freezing a million, compiling an issue."""
        long = self.letter("newsletter", LARGE)
        for name, which, count in (("freeze", "freeze", 1_000_000), ("compile", "compile", 1)):
            times = []
            for _ in range(self.rounds):
                with self.crowd(count).copy(long) as root:
                    times.append(step(which, root))
            self.findings.seconds[name] = median(times)
            self.tell(f"  {name}: {median(times):.3f} s")

    def count(self, full: int) -> int:
        """Return how many messages stand for `full` this time."""
        return max(1, round(full * self.share))

    def crowd(self, full: int) -> Crowd:
        """Return a workspace of so many people, made once."""
        count = self.count(full)
        if count not in self._crowds:
            self.tell(f"  a list of {count:,} people")
            self._crowds[count] = self.stack.enter_context(people(count))
        return self._crowds[count]

    def letter(self, layout: str, octets: int) -> Letter:
        """Return the issue of that size, made once."""
        if layout not in self._letters:
            self._letters[layout] = letter(layout, octets)
        return self._letters[layout]

    def _over_a_wire(
        self, long: Letter, round_trip: int, *, pipelined: int, chunked: int, source: int
    ) -> Iterator[Side]:
        alone = ("pipelining",)
        yield ours(PIPELINED, self.crowd(pipelined), long, round_trip=round_trip, offers=alone)
        yield ours(CHUNKED, self.crowd(chunked), long, round_trip=round_trip)
        yield smtp_source(self.count(source), LARGE, round_trip)

    def _bout(self, name: str, *sides: Side, rounds: int | None = None, warm: bool = True) -> None:
        self.tell(f"{name}:")
        self.findings.figures[name] = in_turn(
            sides,
            rounds or self.rounds,
            lambda side, f: self.tell(f"  {side.name}: {f.rate:,.0f}/s, {f.cpu:,.0f} µs, {f.memory:,.0f} MB"),
            warm=warm,
        )

    def _templates(self, long: Letter) -> Path:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        file = folder / "templates.json"
        file.write_text(json.dumps(as_jinja(self.crowd(1), long)))
        return file


PARTS: dict[str, Callable[[Meeting], None]] = {
    "near": Meeting.near,
    "small": Meeting.small,
    "far": Meeting.far,
    "farther": Meeting.farther,
    "memory": Meeting.memory,
    "steps": Meeting.steps,
}
