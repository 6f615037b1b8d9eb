"""The tables: what was to be reached and what was, and every side's figures; printed, and in the docs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from benchmarks.bouts import (
    CHUNKED,
    CROWDS,
    FAR,
    MODEST,
    NEAR,
    OURS,
    PIPELINED,
    SIGNED,
    SOURCE,
    Findings,
    of_size,
)
from benchmarks.figures import Figures, Result, Target, Verdict, growth, ratio
from benchmarks.sides import RIVALS

SIDES = (
    "",
    "side",
    "octets",
    "messages/s",
    "slowest–fastest",
    "CPU µs",
    "sink's",
    "wire's",
    "MB",
    "first after",
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def results(found: Findings) -> list[Result]:
    """Return every target with what was measured."""
    main, source = found.of(NEAR, OURS), found.of(NEAR, SOURCE)
    whole = main if found.full else None
    small, large = (found.of(of_size(count), OURS) for count in CROWDS)
    return [
        _rates(Target("messages/s, round trip 0, vs smtp-source", 1.2, 0.8, "×", "higher"), main, source),
        _rates(
            Target("messages/s, round trip 20 ms, PIPELINING only, vs smtp-source", 3.9, 3.5, "×", "higher"),
            found.of(FAR, PIPELINED),
            found.of(FAR, SOURCE),
        ),
        _rates(
            Target("messages/s, round trip 20 ms, CHUNKING, vs smtp-source", 50, 20, "×", "higher"),
            found.of(FAR, CHUNKED),
            found.of(FAR, SOURCE),
        ),
        Result(
            Target("CPU a message, all processes, vs smtp-source", 1.0, 1.6, "×", "lower"),
            ratio(main.cpu if main else None, source.cpu if source else None),
            f"{main.cpu:,.1f} µs : {source.cpu:,.1f} µs" if main and source else "",
        ),
        Result(
            Target("memory, all processes (PSS), 100,000 recipients", 120, 200, "MB", "lower"),
            whole.memory if whole else None,
        ),
        Result(
            Target("growth of memory from 10,000 to 1,000,000 recipients", 0, 20, "%", "lower"),
            growth(small.memory if small else None, large.memory if large else None),
            f"{small.memory:,.0f} MB → {large.memory:,.0f} MB" if small and large else "",
        ),
        Result(Target("compiling an issue of 30 KB", 0.25, 0.5, "s", "lower"), found.seconds.get("compile")),
        Result(Target("freezing an audience of 1,000,000", 3, 6, "s", "lower"), found.seconds.get("freeze")),
        Result(
            Target("`send-issue` typed to first message taken, 100,000 recipients", 3, 6, "s", "lower"),
            whole.start if whole else None,
        ),
        _rates(
            Target("messages/s, round trip 0, vs aiosmtplib on 20 connections", 100, 50, "×", "higher"),
            main,
            found.of(NEAR, RIVALS["aiosmtplib"]),
        ),
    ]


def _rates(target: Target, one: Figures | None, other: Figures | None) -> Result:
    measured = f"{one.rate:,.0f}/s : {other.rate:,.0f}/s" if one and other else ""
    return Result(target, ratio(one.rate if one else None, other.rate if other else None), measured)


def tables(found: Findings, command: str) -> str:
    """Return both tables in Markdown, with the day, the machine and the `command` that measured."""
    head = f"{date.today().isoformat()}, {machine()}; {command}."  # noqa: DTZ011  # the reader's own day
    return "\n\n".join([head, _table(_targets(results(found))), _table(_sides(found)), *_signature(found)])


def _targets(found: Sequence[Result]) -> Iterator[Sequence[str]]:
    yield "", "target", "no less than", "measured", "result", ""
    for result in found:
        target = result.target
        yield (
            target.name,
            target.written(target.goal),
            target.written(target.bound),
            result.measured,
            target.written(result.value),
            result.verdict,
        )


def _sides(found: Findings) -> Iterator[Sequence[str]]:
    yield SIDES
    for bout, sides in found.figures.items():
        for name, f in sides.items():
            yield (
                bout,
                name,
                f"{f.size:,.0f}",
                f"{f.rate:,.0f}",
                f"{f.slowest:,.0f}–{f.fastest:,.0f}",
                f"{f.cpu:,.1f}",
                f"{f.sink_cpu:,.1f}",
                f"{f.wire_cpu:,.1f}",
                f"{f.memory:,.0f}",
                f"{f.start:.2f} s",
            )


def _signature(found: Findings) -> Iterator[str]:
    plain, signed = found.of(MODEST, OURS), found.of(MODEST, SIGNED)
    if plain and signed:
        yield f"A DKIM signature (RSA-2048) costs {signed.cpu - plain.cpu:,.0f} µs of CPU a message."


def _table(rows: Iterator[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def shortfalls(found: Findings) -> list[str]:
    """Return a sentence for every target that was not reached."""
    return [
        f"{r.target.name}: {r.target.written(r.value)}, target {r.target.written(r.target.goal)}: {r.verdict}"
        for r in results(found)
        if r.verdict in (Verdict.BETWEEN, Verdict.MISSED)
    ]


def machine() -> str:
    """Return what this ran on: processor, cores, memory, kernel and Python."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split(".")[:2])
    python = platform.python_version()
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {kernel}, Python {python}"


def write(page: Path, measured: str) -> None:
    """Put the tables between the page's markers."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{measured}\n{END}{after}")
