"""The tables: what was to be reached and what was, and every side's figures; printed, and in the docs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from benchmarks.bouts import MODEST, OURS, SIGNED, Findings
from benchmarks.figures import Result, Verdict
from benchmarks.idling import idle_table
from benchmarks.importing import import_table
from benchmarks.millions import growth_table
from benchmarks.pages import pages_table
from benchmarks.rooms import ALL
from benchmarks.targets import results

MEASURED, PROFILE, MILLIONS, SEGMENTS = "measured", "profile", "millions", "segments"
IMPORTS, RETURNS = "imports", "returns"
PAGES, IDLE = "pages", "idle"
SIDES = (
    "",
    "side",
    "octets",
    "messages/s",
    "slowest–fastest",
    "CPU µs",
    "sink's",
    "wire's",
    "database's",
    "MB",
    "first after",
)


def sections(found: Findings, command: str) -> dict[str, str]:
    """Return what was measured in Markdown, by the section of the page that it belongs in; each with the day,
    the machine and the `command` that measured.
    """
    head = f"{date.today().isoformat()}, {machine()}; {command}."  # noqa: DTZ011  # the reader's own day
    written: dict[str, list[str]] = {}
    if found.figures or found.compiling:
        written[MEASURED] = [_table(_targets(results(found))), _table(_sides(found)), *_signature(found)]
    if found.profiles:
        written[PROFILE] = [_table(_profiles(found))]
    if found.nowhere:
        written[MILLIONS] = [
            f"On {database}:\n\n{_table(growth_table(sizes, _short))}"
            for database, sizes in found.nowhere.items()
        ]
    if found.segments:
        written[SEGMENTS] = [_table(_segments(found))]
    if found.imports:
        written[IMPORTS] = [_table(import_table(found.imports)), *_beside(found)]
    if found.returns:
        written[RETURNS] = [_table(import_table(found.returns))]
    if found.idle:
        written[IDLE] = [_table(idle_table(found.idle))]
    if found.pages:
        written[PAGES] = [_table(pages_table(found.pages)), *_leaving(found)]
    return {section: "\n\n".join([head, *parts]) for section, parts in written.items()}


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
                f"{f.database_cpu:,.1f}",
                f"{f.memory:,.0f}",
                f"{f.start:.2f} s",
            )


def _profiles(found: Findings) -> Iterator[Sequence[str]]:
    yield "µs of CPU a message", *found.profiles
    for name in ALL:
        if any(name in profile for profile in found.profiles.values()):
            yield name, *(f"{profile.get(name, 0):.1f}" for profile in found.profiles.values())
    yield "all of it", *(f"{sum(profile.values()):.1f}" for profile in found.profiles.values())


def _segments(found: Findings) -> Iterator[Sequence[str]]:
    yield (
        "",
        "people",
        *(f"{database}, {what}" for database in found.segments for what in ("s", "by list, s")),
    )
    first = next(iter(found.segments.values()))
    for definition, (people, *_) in first.items():
        times = (found.segments[database][definition][1:] for database in found.segments)
        yield f"`{definition}`", f"{people:,}", *(f"{time:.2f}" for both in times for time in both)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _signature(found: Findings) -> Iterator[str]:
    plain, signed = found.of(MODEST, OURS), found.of(MODEST, SIGNED)
    if plain and signed:
        yield f"A DKIM signature (RSA-2048) costs {signed.cpu - plain.cpu:,.0f} µs of CPU a message."


def _beside(found: Findings) -> Iterator[str]:
    if b := found.beside:
        yield (
            f"A send of {b.messages:,} beside an import of {b.rows:,} to the same file of SQLite: both "
            f"exact. Between two messages that were accepted lay at most {b.longest:.2f} s, without an "
            f"import {b.alone:.2f} s."
        )


def _leaving(found: Findings) -> Iterator[str]:
    if left := found.leaving:
        yield (
            f"Of those who left while {left.messages:,} messages went out of the same file of SQLite, and "
            f"were told so, {left.lost:,} are not recorded. To {left.after:,} a message went at most "
            f"{left.by:.2f} s after they had left, which was in a worker's hand. Of the next send "
            f"{left.again:,} went to them."
        )


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


def write(page: Path, section: str, words: str) -> None:
    """Put words between the page's markers of a section."""
    begin, end = (f"<!-- {section}: {edge} -->" for edge in ("begin", "end"))
    before, _, rest = page.read_text().partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{words}\n{end}{after}")
