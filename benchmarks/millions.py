"""Sends to nowhere by the number of their recipients, and what follows from how their cost grows."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from benchmarks.instruments import weigh
from benchmarks.letters import Crowd, Letter
from benchmarks.sides import HERE_IN_THE_CLEAR

FEWEST = 100_000
EXTRAPOLATED = 100_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured of a send to so many `people`, by the name of the figure: of the `whole` send, in
    seconds; of `each` recipient, and what should not depend on their number.
    """

    people: int
    whole: dict[str, float]
    each: dict[str, float]


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
        asked = {words: _seconds(crowd, root, words) for words in ("status", "verify")}
    parts = _parts(bill)
    whole = {f"{name}, s": part["seconds"] for name, part in parts.items()}
    whole |= {f"`mailer {command}`, s": seconds for command, seconds in asked.items()}
    return Size(crowd.count, whole, dict(_each(bill, parts, crowd.count)) | {"memory, MB": memory / 1e6})


def _seconds(crowd: Crowd, root: Path, command: str) -> float:
    began = time.monotonic()
    crowd.program.run(root, command, "harbour")
    return time.monotonic() - began


def _parts(bill: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the parts of the send: what begins it freezes the audience, then proves each render."""
    begin, freeze, send = (bill["parts"][name] for name in ("begin", "freeze", "send"))
    return {
        "freezing": freeze,
        "proving": {name: begin[name] - freeze[name] for name in freeze},
        "sending": send,
    }


def _each(
    bill: dict[str, Any], parts: dict[str, dict[str, float]], people: int
) -> Iterator[tuple[str, float]]:
    for whose, kind in (("ours", "cpu"), ("the server's", "database_cpu")):
        for name, part in parts.items():
            if bill["server"] or kind == "cpu":
                yield f"{name}, CPU a recipient, {whose}, µs", part[kind] / people * 1e6
    for what in ("tables", "indexes", "written"):
        yield f"{what}, octets a recipient", bill[what] / people


def carried_on(
    before: tuple[int, float], last: tuple[int, float], *, least: int
) -> tuple[float, float] | None:
    """Return with which power of the number of people a figure grew between two sizes, and what it comes to
    for EXTRAPOLATED. A size is the number of people and the figure's value.

    A small send is slow to begin, so that a figure seems to grow less than it will: it is taken to grow with
    the `least` power at least. None for a figure that is zero.
    """
    (fewer, small), (more, large) = before, last
    if small <= 0 or large <= 0:
        return None
    power = log(large / small) / log(more / fewer)
    return power, large * (EXTRAPOLATED / more) ** max(power, least)


def growth_table(measured: Sequence[Size], written: Callable[[float], str]) -> Iterator[Sequence[str]]:
    """Yield the rows of a table: each figure by the number of people, how it grows, and where that leads."""
    yield "", *(f"{size.people:,}" for size in measured), "grows with", f"{EXTRAPOLATED:,}, extrapolated"
    for least, kind in ((1, "whole"), (0, "each")):
        for name in getattr(measured[-1], kind):
            values = [(size.people, getattr(size, kind)[name]) for size in measured]
            row = [written(value) for _, value in values]
            grown = carried_on(*values[-2:], least=least) if len(values) > 1 else None
            yield name, *row, *((f"N^{grown[0]:.2f}", written(grown[1])) if grown else ("–", "–"))
