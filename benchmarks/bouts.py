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
from benchmarks.instruments import BUILD, Unavailable
from benchmarks.letters import Crowd, Letter, as_jinja, letter, people
from benchmarks.sides import Side, in_turn, make_key, ours, rival, smtp_source, step

LARGE, SMALL = 30_000, 3_000  # octets a message
SOURCE = "smtp-source -d -s 20"
OURS, PIPELINED, CHUNKED = "mailer", "mailer, PIPELINING only", "mailer, CHUNKING"
SIGNED = "mailer, signed with DKIM (RSA-2048)"
NEAR, FAR, MODEST = "0 ms, 30 KB", "20 ms, 30 KB", "0 ms, 30 KB, 10,000 recipients"
CROWDS = (10_000, 1_000_000)


def of_size(count: int) -> str:
    """Return the name of the bout in which memory is measured with so many recipients."""
    return f"0 ms, 3 KB, {count:,} recipients"


@dataclass(slots=True)
class Findings:
    """What was measured: figures by bout and side, seconds by step; whether with the `full` numbers."""

    figures: dict[str, dict[str, Figures]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    full: bool = True

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
            NEAR,
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
            FAR,
            *self._over_a_wire(long, 20, pipelined=20_000, chunked=100_000, source=2500),
            rival("smtplib", self.count(200), templates, 20),
            rival("aiosmtplib", self.count(1000), templates, 20),
        )

    def farther(self) -> None:
        """Round trip 50 ms."""
        long = self.letter("newsletter", LARGE)
        self._bout(
            "50 ms, 30 KB", *self._over_a_wire(long, 50, pipelined=10_000, chunked=50_000, source=1000)
        )

    def signed(self) -> None:
        """What a DKIM signature on each message costs."""
        # A smaller share would measure the start of the program rather than signatures.
        crowd, long = self._people(10_000), self.letter("newsletter", LARGE)
        key = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD))) / "dkim.pem"
        make_key(key)
        dkim = {"DKIM_DOMAIN": "gazette.example", "DKIM_SELECTOR": "bench", "DKIM_KEY_FILE": str(key)}
        self._bout(MODEST, ours(OURS, crowd, long), ours(SIGNED, crowd, long, settings=dkim))

    def memory(self) -> None:
        """Memory at 10,000 and at 1,000,000 recipients, once each: it hardly differs from run to run."""
        if self.share < 1:
            raise Unavailable("it needs the full number of recipients")
        short = self.letter("note", SMALL)
        for count in CROWDS:
            side = ours(OURS, self.crowd(count), short)
            self._bout(of_size(count), side, rounds=1, warm=False)

    def steps(self) -> None:
        """Compiling an issue, freezing a million."""
        self._step("compile", 1)
        if self.share < 1:
            raise Unavailable("freezing needs the full number of recipients")
        self._step("freeze", 1_000_000)

    def count(self, full: int) -> int:
        """Return how many messages stand for `full` this time."""
        return max(1, round(full * self.share))

    def crowd(self, full: int) -> Crowd:
        """Return a workspace of the share of so many people that takes part."""
        return self._people(self.count(full))

    def _people(self, count: int) -> Crowd:
        """Return a workspace of so many people, made once."""
        if count not in self._crowds:
            self.tell(f"  a list of {count:,} people")
            self._crowds[count] = self.stack.enter_context(people(count))
        return self._crowds[count]

    def letter(self, layout: str, octets: int) -> Letter:
        """Return the issue of that size, made once."""
        if layout not in self._letters:
            self._letters[layout] = letter(layout, octets)
        return self._letters[layout]

    def _step(self, name: str, count: int) -> None:
        times = []
        for _ in range(self.rounds):
            with self.crowd(count).copy(self.letter("newsletter", LARGE)) as root:
                times.append(step(name, root))
        self.findings.seconds[name] = median(times)
        self.tell(f"{name}: {median(times):.3f} s")

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
    "signed": Meeting.signed,
    "memory": Meeting.memory,
    "steps": Meeting.steps,
}
