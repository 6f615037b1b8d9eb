"""The tables: what was to be reached and what was, and every side's figures; printed, and in the docs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from benchmarks.bouts import CHUNKED, OURS, PIPELINED, SOURCE, Findings
from benchmarks.figures import Figures, Result, Target, Verdict, growth, ratio
from benchmarks.sides import RIVALS

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def results(found: Findings) -> list[Result]:
    """Return every target with what was measured."""
    near, far = "0 ms, 30 KB", "20 ms, 30 KB"
    main, source = found.of(near, OURS), found.of(near, SOURCE)
    small, large = found.of(*memory_bout(found, 0)), found.of(*memory_bout(found, 1))
    return [
        _rates(Target("messages/s, round trip 0, vs smtp-source", 1.2, 0.8, "×", "higher"), main, source),
        _rates(
            Target("messages/s, round trip 20 ms, PIPELINING only, vs smtp-source", 3.9, 3.5, "×", "higher"),
            found.of(far, PIPELINED),
            found.of(far, SOURCE),
        ),
        _rates(
            Target("messages/s, round trip 20 ms, CHUNKING, vs smtp-source", 50, 20, "×", "higher"),
            found.of(far, CHUNKED),
            found.of(far, SOURCE),
        ),
        Result(
            Target("CPU a message, all processes, vs smtp-source", 1.0, 1.6, "×", "lower"),
            ratio(main.cpu if main else None, source.cpu if source else None),
            f"{main.cpu:,.1f} µs : {source.cpu:,.1f} µs" if main and source else "",
        ),
        Result(Target("memory, all processes (PSS)", 120, 200, "MB", "lower"), main.memory if main else None),
        Result(
            Target("growth of memory with the list", 0, 20, "%", "lower"),
            growth(small.memory if small else None, large.memory if large else None),
            f"{small.memory:,.0f} MB → {large.memory:,.0f} MB" if small and large else "",
        ),
        Result(Target("freezing an audience of 1,000,000", 3, 6, "s", "lower"), found.seconds.get("freeze")),
        Result(
            Target("from `send-issue` typed to the first message taken", 3, 6, "s", "lower"),
            main.start if main else None,
        ),
        _rates(
            Target("messages/s, round trip 0, vs aiosmtplib on 20 connections", 100, 50, "×", "higher"),
            main,
            found.of(near, RIVALS["aiosmtplib"]),
        ),
    ]


def memory_bout(found: Findings, which: int) -> tuple[str, str]:
    """Return where the figures of the smaller (0) or the larger (1) list stand."""
    names = [name for name in found.figures if name.startswith("memory")]
    return (names[which] if len(names) == 2 else "", OURS)


def _rates(target: Target, one: Figures | None, other: Figures | None) -> Result:
    measured = f"{one.rate:,.0f}/s : {other.rate:,.0f}/s" if one and other else ""
    return Result(target, ratio(one.rate if one else None, other.rate if other else None), measured)


def tables(found: Findings, command: str) -> str:
    """Return both tables in Markdown, with the day, the machine and the command."""
    head = f"{date.today().isoformat()}, {machine()}. `{command}`"  # noqa: DTZ011  # the reader's own day
    return "\n\n".join([head, _table(_targets(results(found))), _table(_sides(found)), *_steps(found)])


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
    yield "", "side", "messages/s", "(slowest–fastest)", "CPU µs a message", "the sink's", "MB", "first after"
    for bout, sides in found.figures.items():
        for name, f in sides.items():
            yield (
                bout,
                name,
                f"{f.rate:,.0f}",
                f"{f.slowest:,.0f}–{f.fastest:,.0f}",
                f"{f.cpu:,.1f}",
                f"{f.sink_cpu:,.1f}",
                f"{f.memory:,.0f}",
                f"{f.start:.2f} s",
            )


def _steps(found: Findings) -> Iterator[str]:
    if "compile" in found.seconds:
        yield f"Compiling an issue of 30 KB: {found.seconds['compile'] * 1000:,.0f} ms."


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
