"""Sends to nowhere by the number of their recipients, and what follows from how their cost grows."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import log
from operator import sub
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, NamedTuple

from benchmarks.instruments import weigh
from benchmarks.letters import Crowd, Letter
from benchmarks.sides import HERE_IN_THE_CLEAR

FEWEST = 100_000
EXTRAPOLATED = 100_000_000
LEAST = 1.0  # octets a recipient: what a table has besides is not shown


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured of a send to so many `people`, by the name of the figure: by the `clock`, which tells
    of what else the machine did, too; of the `whole` send; of `each` recipient, and what should not depend on
    their number.
    """

    people: int
    clock: dict[str, float]
    whole: dict[str, float] = field(default_factory=dict)
    each: dict[str, float] = field(default_factory=dict)


def sizes(most: int) -> list[int]:
    """Return the numbers of people to measure: ten times as many each time, up to `most`."""
    found = [most]
    while found[0] >= 10 * FEWEST:
        found.insert(0, found[0] // 10)
    return found


def send_to_nowhere(crowd: Crowd, letter: Letter) -> Size:
    """Send to the whole crowd by `benchmarks.nowhere`, then ask what became of it and recount."""
    with crowd.copy(letter) as root:
        report, server = root / "bill.json", crowd.server
        if server:
            server.settle()
        command = [
            sys.executable,
            "-m",
            "benchmarks.nowhere",
            root,
            report,
            *([server.pid] if server else []),
        ]
        memory = weigh(list(map(str, command)), HERE_IN_THE_CLEAR).memory
        bill = json.loads(report.read_text())
        asked = {words: _asked(crowd, root, words) for words in ("status", "verify")}
    parts = _parts(bill)
    clock = {f"{name}, s": part.seconds for name, part in parts.items()}
    clock |= {f"`mailer {command}`, s": seconds for command, (seconds, _) in asked.items()}
    clock["taking a chunk, ms"] = bill["parts"]["take"][0] / bill["chunks"] * 1e3
    whole = {f"`mailer {command}`, CPU, s": cpu for command, (_, cpu) in asked.items()}
    whole |= {
        "the people in the database, GB": bill["people"] / 1e9,
        "the send, GB": _of_the_send(bill) / 1e9,
    }
    each = dict(_costs(bill, parts, crowd.count)) | dict(_octets(bill, crowd.count))
    return Size(crowd.count, clock, whole, each | {"memory, MB": memory / 1e6})


def _asked(crowd: Crowd, root: Path, command: str) -> tuple[float, float]:
    """Return how long a command takes, and how much CPU, ours and the server's."""

    def cpu() -> float:
        usage = getrusage(RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime + (crowd.server.cpu() if crowd.server else 0.0)

    began, before = time.monotonic(), cpu()
    crowd.program.run(root, command, "harbour")
    return time.monotonic() - began, cpu() - before


class _Part(NamedTuple):
    """Seconds of the clock, of our CPU, of the server's."""

    seconds: float
    cpu: float
    database_cpu: float


def _parts(bill: dict[str, Any]) -> dict[str, _Part]:
    """Return the parts of the send: what begins it freezes the audience, then proves each render."""
    begin, freeze, send = (_Part(*bill["parts"][name]) for name in ("begin", "freeze", "send"))
    return {"freezing": freeze, "proving": _Part(*map(sub, begin, freeze)), "sending": send}


def _costs(bill: dict[str, Any], parts: dict[str, _Part], people: int) -> Iterator[tuple[str, float]]:
    for name, part in parts.items():
        yield f"{name}, CPU a recipient, ours, µs", part.cpu / people * 1e6
    for name, kind in (("taking", "take"), ("recording", "mark")):
        yield f"of it {name}, µs", bill["parts"][kind][1] / people * 1e6
    if bill["server"]:
        for name, part in parts.items():
            yield f"{name}, CPU a recipient, the server's, µs", part.database_cpu / people * 1e6


def _octets(bill: dict[str, Any], people: int) -> Iterator[tuple[str, float]]:
    for table, size in bill["tables"].items():
        if size / people >= LEAST:
            yield f"`{table}`, octets a recipient", size / people
    for what in ("indexes", "journals", "written"):
        yield f"{what}, octets a recipient", bill[what] / people


def _of_the_send(bill: dict[str, Any]) -> int:
    return sum(bill["tables"].values()) + bill["indexes"] + bill["journals"]


def carried_on(
    before: tuple[int, float], last: tuple[int, float], *, whole: bool
) -> tuple[float, float] | None:
    """Return with which power of the number of people a figure grew between two sizes, and what it comes to
    for EXTRAPOLATED. A size is the number of people and the figure's value.

    What grew more than in proportion goes on with that power. Of what grew less a part is the same for any
    number: the figure of a `whole` send goes on by the line through both sizes, that of each recipient stays
    as it is at least. None for a figure that is zero.
    """
    (fewer, small), (more, large) = before, last
    if small <= 0 or large <= 0:
        return None
    power = log(large / small) / log(more / fewer)
    if whole and power < 1:
        return power, large + max(large - small, 0) / (more - fewer) * (EXTRAPOLATED - more)
    return power, large * (EXTRAPOLATED / more) ** max(power, 0)


def growth_table(measured: Sequence[Size], written: Callable[[float], str]) -> Iterator[Sequence[str]]:
    """Yield the rows of a table: each figure by the number of people, how it grows, and where that leads."""
    yield "", *(f"{size.people:,}" for size in measured), "grows with", f"{EXTRAPOLATED:,}, extrapolated"
    for kind in ("clock", "whole", "each"):
        for name in getattr(measured[-1], kind):
            values = [(size.people, getattr(size, kind)[name]) for size in measured]
            row = [written(value) for _, value in values]
            carried = kind != "clock" and len(values) > 1
            grown = carried_on(*values[-2:], whole=kind == "whole") if carried else None
            yield name, *row, *((f"N^{grown[0]:.2f}", written(grown[1])) if grown else ("–", "–"))
