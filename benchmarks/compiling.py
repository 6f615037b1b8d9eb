"""Compiling an issue: `python -m benchmarks.compiling WORKSPACE` prints the seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from mailer.bootstrap import App
from mailer.compose.issue.source import load_issue
from mailer.compose.symbolic.environment import SymbolicEnvironment
from mailer.domain.audience import Audience
from mailer.services.issues import issue_file


def compile_issue(app: App) -> float:
    """Compile the issue several times, and its layout with it as a new process has to.

    The first time, which also imports the libraries, does not count.
    """
    sending, issue = app.sending(), load_issue(issue_file(app, "harbour"))[0]
    lists = [app.lists.named("weekly")]
    times = []
    for _ in range(6):
        for kept in SymbolicEnvironment.compiled.values():
            kept.clear()
        began = perf_counter()
        sending.compiler.prepare(issue, Audience(("weekly",), ()), lists)
        times.append(perf_counter() - began)
    return median(times[1:])


if __name__ == "__main__":
    print(compile_issue(App(Path(sys.argv[1]))))
