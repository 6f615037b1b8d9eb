"""`python -m benchmarks`: run the sides, print the tables, keep them in docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bouts import PARTS, Meeting
from benchmarks.figures import Verdict
from benchmarks.instruments import Unavailable
from benchmarks.page import MEASURED, sections, shortfalls, write
from benchmarks.targets import results

BEFORE = "1d5aee2"  # the last commit before the ledger in chunks
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the messages, one round; for a look, not to quote"
    )
    parser.add_argument("--rounds", type=int, help="runs of each side that count (default 3)")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; repeatable")
    parser.add_argument(
        "--before",
        action="append",
        metavar="REV",
        help=f"a commit to compare with (default {BEFORE}); repeatable",
    )
    parser.add_argument(
        "--people",
        type=int,
        default=1_000_000,
        metavar="N",
        help="in `millions`, at most (default %(default)s); on PostgreSQL no more than 3,000,000",
    )
    parser.add_argument("--strict", action="store_true", help="end with 1 where a bound is missed")
    return parser.parse_args()


def tell(words: str) -> None:
    """Show progress."""
    print(words, file=sys.stderr, flush=True)


def measure(meeting: Meeting, parts: Iterable[str]) -> bool:
    """Run the parts, until Ctrl-C leaves out the rest; return whether one failed."""
    failed = False
    for name in parts:
        try:
            PARTS[name](meeting)
        except Unavailable as missing:
            meeting.leave_out(name, missing)
        except SystemExit as failure:
            meeting.leave_out(name, failure)
            failed = True
        except KeyboardInterrupt:
            meeting.leave_out(name, Unavailable("interrupted"))
            break
    return failed


def main() -> int:
    """Measure; the tables of a full run go into the docs."""
    asked = arguments()
    busy = os.getloadavg()[0]
    if busy > 0.5:
        tell(f"This machine is busy with something else (load {busy:.1f}): figures will be low and unsteady.")
    with ExitStack() as stack:
        share = 0.1 if asked.quick else 1
        meeting = Meeting(
            asked.rounds or (1 if asked.quick else 3),
            share,
            asked.before or [BEFORE],
            asked.people,
            tell,
            stack,
        )
        meeting.findings.full = not asked.quick
        failed = measure(meeting, asked.only or PARTS)
    command = " ".join(["make bench", *([f'BENCH="{" ".join(sys.argv[1:])}"'] if sys.argv[1:] else [])])
    in_part = asked.only or meeting.findings.left_out
    for section, words in sections(meeting.findings, f"`{command}`, load {busy:.1f} before").items():
        print(words, end="\n\n")
        if meeting.findings.full and not (section == MEASURED and in_part):
            write(PAGE, section, words)
    for sentence in shortfalls(meeting.findings):
        tell(sentence)
    missed = any(result.verdict is Verdict.MISSED for result in results(meeting.findings))
    return int(failed or (asked.strict and missed))


if __name__ == "__main__":
    sys.exit(main())
