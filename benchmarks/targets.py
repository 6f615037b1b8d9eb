"""What was to be reached, and what was measured of it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bouts import (
    ARCHIVE,
    BEFORE,
    CHUNKED,
    CROWDS,
    FAR,
    HOOKS,
    LEAVING,
    NEAR,
    ON_POSTGRESQL,
    OURS,
    PEOPLE,
    PIPELINED,
    SOURCE,
    STORED,
    VARIED,
    Findings,
    of_size,
)
from benchmarks.figures import Figures, Result, Target, growth, ratio
from benchmarks.sides import RIVALS

FROZEN = 1_000_000


def results(found: Findings) -> list[Result]:
    """Return every target with what was measured."""
    main, source = found.of(NEAR, OURS), found.of(NEAR, SOURCE)
    varied = found.of(VARIED, OURS)
    whole = main if found.full else None
    small, large = (found.of(of_size(count), OURS) for count in CROWDS)
    return [
        _rates(Target("messages/s, round trip 0, vs smtp-source", 1.8, 1.2, "×", "higher"), main, source),
        _cpu(Target("CPU a message, all processes, vs smtp-source", 1.2, 1.6, "×", "lower"), main, source),
        _cpu(
            Target("the same, half the names with accents, an `if` in the text", 1.2, 1.6, "×", "lower"),
            varied,
            found.of(VARIED, SOURCE),
        ),
        _cpu(
            Target("the same, vs the commit before", 0.33, 0.45, "×", "lower"),
            varied,
            found.of(VARIED, BEFORE),
        ),
        Result(
            Target("`send-issue` typed to first message taken, 100,000 recipients", 1, 1.5, "s", "lower"),
            whole.start if whole else None,
        ),
        _rates(
            Target("messages/s, round trip 20 ms, PIPELINING only, vs smtp-source", 3.9, 3.5, "×", "higher"),
            found.of(FAR, PIPELINED),
            found.of(FAR, SOURCE),
        ),
        _rates(
            Target("messages/s, round trip 20 ms, CHUNKING, vs smtp-source", 50, 35, "×", "higher"),
            found.of(FAR, CHUNKED),
            found.of(FAR, SOURCE),
        ),
        _cpu(
            Target("CPU of ours a message on PostgreSQL, vs SQLite", 1.1, 1.3, "×", "lower"),
            found.of(STORED, ON_POSTGRESQL),
            found.of(STORED, OURS),
        ),
        *(_frozen(found, database, *goal) for database, *goal in (("SQLite", 3, 6), ("PostgreSQL", 15, 25))),
        Result(
            Target("memory, all processes (PSS), 100,000 recipients", 120, 200, "MB", "lower"),
            whole.memory if whole else None,
        ),
        Result(
            Target("growth of memory from 10,000 to 1,000,000 recipients", 0, 20, "%", "lower"),
            growth(small.memory if small else None, large.memory if large else None),
            f"{small.memory:,.0f} MB → {large.memory:,.0f} MB" if small and large else "",
        ),
        Result(Target("compiling an issue of 30 KB", 0.25, 0.5, "s", "lower"), found.compiling),
        _rates(
            Target("messages/s, round trip 0, vs aiosmtplib on 20 connections", 100, 50, "×", "higher"),
            main,
            found.of(NEAR, RIVALS["aiosmtplib"]),
        ),
        *(result for database in ("SQLite", "PostgreSQL") for result in _imported(found, database)),
        *_pages(found),
    ]


def _pages(found: Findings) -> Iterator[Result]:
    for name, rate in ((LEAVING, 2000), (ARCHIVE, 2000), (HOOKS, 1000)):
        answered = found.pages.get(name) if found.full else None
        goal = Target(f"{name}, a second", rate, rate * 0.99, "/s", "higher")
        yield Result(goal, answered.rate if answered else None)
        yield Result(Target(f"{name}, p99", 250, 500, "ms", "lower"), answered.late if answered else None)


def _imported(found: Findings, database: str) -> Iterator[Result]:
    taking = found.imports.get(f"mailer on {database}") if found.full else None
    name = f"importing {PEOPLE:,} people on {database}"
    yield Result(Target(name, 30, 40, "s", "lower"), taking.seconds if taking else None)
    if database == "SQLite":
        yield Result(
            Target(f"memory meanwhile, {name}", 150, 200, "MB", "lower"),
            taking.memory / 1e6 if taking else None,
        )


def _rates(target: Target, one: Figures | None, other: Figures | None) -> Result:
    measured = f"{one.rate:,.0f}/s : {other.rate:,.0f}/s" if one and other else ""
    return Result(target, ratio(one.rate if one else None, other.rate if other else None), measured)


def _cpu(target: Target, one: Figures | None, other: Figures | None) -> Result:
    measured = f"{one.cpu:,.1f} µs : {other.cpu:,.1f} µs" if one and other else ""
    return Result(target, ratio(one.cpu if one else None, other.cpu if other else None), measured)


def _frozen(found: Findings, database: str, goal: float, bound: float) -> Result:
    of_that_size = (size for size in found.nowhere.get(database, []) if size.people == FROZEN)
    seconds = next((size.clock["freezing, s"] for size in of_that_size), None)
    return Result(
        Target(f"freezing an audience of {FROZEN:,} on {database}", goal, bound, "s", "lower"), seconds
    )
