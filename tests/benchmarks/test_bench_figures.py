"""The runner's arithmetic: figures, medians, verdicts, processes' costs, the page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import PAGE
from benchmarks.bouts import NEAR, OURS, SOURCE, Findings
from benchmarks.figures import Cost, Taken, Target, Verdict, figures, growth, ratio, typical
from benchmarks.importing import Taking
from benchmarks.instruments import weigh
from benchmarks.millions import Size
from benchmarks.page import IMPORTS, MEASURED, MILLIONS, PROFILE, sections, shortfalls, write
from benchmarks.rooms import REST
from benchmarks.targets import results

HIGHER = Target("speed", 1.2, 0.8, "×", "higher")
LOWER = Target("time", 3, 6, "s", "lower")


def run(messages: int = 1001, seconds: float = 2.0, cpu: float = 0.5) -> Taken:
    return Taken(messages, messages * 30, 20, 0, first=11, last=11 + seconds, cpu=cpu)


def test_the_figures_of_a_run() -> None:
    found = figures(run(), Cost(began=10.5, seconds=4, cpu=1.001, memory=50_000_000), wire_cpu=0.1001)
    assert (found.rate, found.start, found.memory, found.size) == (500, 0.5, 50, 30)
    assert found.cpu == pytest.approx(1000)
    assert found.wire_cpu == pytest.approx(100)


def test_of_several_runs_the_median_counts_field_by_field() -> None:
    cost = Cost(10.5, 4, 1, 50_000_000)
    found = typical([figures(run(seconds=each), cost) for each in (1, 4, 2)])
    assert (found.rate, found.slowest, found.fastest) == (500, 250, 1000)


@pytest.mark.parametrize(
    ("target", "value", "verdict"),
    [
        (HIGHER, 1.2, Verdict.MET),
        (HIGHER, 1.19, Verdict.BETWEEN),
        (HIGHER, 0.8, Verdict.BETWEEN),
        (HIGHER, 0.79, Verdict.MISSED),
        (LOWER, 3.0, Verdict.MET),
        (LOWER, 6.0, Verdict.BETWEEN),
        (LOWER, 6.1, Verdict.MISSED),
        (LOWER, None, Verdict.UNKNOWN),
    ],
)
def test_a_value_is_held_against_goal_and_bound(
    target: Target, value: float | None, verdict: Verdict
) -> None:
    assert target.verdict(value) is verdict


def test_what_was_not_measured_has_no_ratio_and_no_growth() -> None:
    assert ratio(6, 4) == 1.5
    assert ratio(None, 4) is None
    assert ratio(6, None) is None
    assert growth(50, 60) == pytest.approx(20)
    assert growth(None, 60) is None


def found(ours: float, theirs: float) -> Findings:
    cost = Cost(began=10.5, seconds=4, cpu=0.1, memory=60_000_000)
    sides = {
        name: figures(run(seconds=each), cost) for name, each in ((OURS, 1 / ours), (SOURCE, 1 / theirs))
    }
    return Findings({NEAR: sides})


def test_the_table_names_what_fell_short() -> None:
    short = shortfalls(found(ours=1, theirs=2))
    assert [each.partition(": ")[0] for each in short] == ["messages/s, round trip 0, vs smtp-source"]
    assert "0.50 ×" in short[0]
    assert shortfalls(found(ours=4, theirs=2)) == []


def test_a_part_of_the_recipients_proves_nothing_about_all_of_them() -> None:
    part = found(ours=3, theirs=2)
    memory = {r.target.name: r.value for r in results(part)}[
        "memory, all processes (PSS), 100,000 recipients"
    ]
    part.full = False
    assert memory == 60
    assert {r.value for r in results(part) if "100,000" in r.target.name} == {None}


def test_freezing_is_held_against_what_was_measured_of_a_million() -> None:
    sizes = [Size(people, {"freezing, s": people / 200_000}, {}) for people in (100_000, 1_000_000)]
    values = {
        r.target.name: r.value for r in results(Findings(nowhere={"SQLite": sizes, "PostgreSQL": sizes[:1]}))
    }
    assert values["freezing an audience of 1,000,000 on SQLite"] == 5
    assert values["freezing an audience of 1,000,000 on PostgreSQL"] is None


def test_the_page_keeps_what_stands_around_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("".join(f"Before {n}.\n<!-- {n}: begin -->\nold {n}\n<!-- {n}: end -->\n" for n in "ab"))
    write(page, "b", "new")
    assert page.read_text() == (
        "Before a.\n<!-- a: begin -->\nold a\n<!-- a: end -->\n"
        "Before b.\n<!-- b: begin -->\nnew\n<!-- b: end -->\n"
    )


def test_each_part_that_ran_has_a_section_and_each_section_a_place_in_the_page() -> None:
    findings = found(ours=4, theirs=2)
    assert list(sections(findings, "`make bench`")) == [MEASURED]
    findings.profiles = {OURS: {"journal": 2.5, REST: 3}, "another": {REST: 8}}
    findings.nowhere = {"SQLite": [Size(10, {"freezing, s": 0.5}, {})]}
    findings.imports = {"mailer on SQLite": Taking(1_000_000, 25.0, 24.0, memory=150e6)}
    written = sections(findings, "`make bench`")
    assert list(written) == [MEASURED, PROFILE, MILLIONS, IMPORTS]
    assert "| mailer on SQLite | 1,000,000 | 40,000 | 25.0 | 24.0 | 0.0 | 150 |" in written[IMPORTS]
    assert (
        "| messages/s, round trip 0, vs smtp-source | 1.80 × | 1.20 × | 4,000/s : 2,000/s | 2.00 × | met |"
        in written[MEASURED]
    )
    assert "| journal | 2.5 | 0.0 |\n| the rest | 3.0 | 8.0 |\n| all of it | 5.5 | 8.0 |" in written[PROFILE]
    assert "On SQLite:" in written[MILLIONS]
    page = PAGE.read_text()
    assert [page.count(f"<!-- {name}: {edge} -->") for name in written for edge in ("begin", "end")] == [
        1
    ] * 8


BUSY = """import time
keep = bytearray(30_000_000)
while time.process_time() < 0.3:
    pass
"""


def test_the_cost_of_a_command_takes_in_its_children() -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], check=True)"
    alone = weigh([sys.executable, "-c", "import subprocess, sys"])
    cost = weigh([sys.executable, "-c", parent])
    assert cost.cpu >= alone.cpu + 0.25
    assert cost.memory > 30_000_000


def test_a_command_that_fails_ends_the_benchmark_with_its_words() -> None:
    with pytest.raises(SystemExit, match="ended with 3:\nwhy"):
        weigh([sys.executable, "-c", "import sys; sys.stderr.write('why'); sys.exit(3)"])
