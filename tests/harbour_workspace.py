"""A workspace with people and a server to send to, worked through the command line as a person would."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forked_mailer import run_mailer

ISSUE = """\
---
title: The harbour clock
description: It strikes again.
list: weekly
---
Good morning, {{ subscriber.name|default("reader") }}.

The clock on the ice house is going again – “at last”, says the harbour master….
"""


@dataclass
class Workspace:
    """A folder with settings, people and issues; `run` calls mailer in it."""

    root: Path
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        clean = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ
        }
        return clean | {"MAILER_WORKSPACE": str(self.root)} | self.settings

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "mailer", *map(str, arguments)]

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run `mailer serve` and give its address."""
        with self.start("serve", "--port", "0") as running:
            assert running.stderr
            line = running.stderr.readline()
            found = re.search(r"Serving on (\S+)/\.", line)
            assert found, line
            try:
                yield found[1]
            finally:
                running.terminate()
                assert running.wait(120) == 0

    def run(self, *arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = run_mailer(*arguments, env=self.environment(), cwd=self.root)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == expect, f"expected exit {expect}, got {done.returncode}\n{out}\n{err}"
        assert "Traceback" not in err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def data(self, *arguments: object, expect: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    def issue(self, text: str = ISSUE, name: str = "2026-11-22-harbour.md") -> Path:
        path = self.root / "issues" / name
        path.write_text(text, encoding="utf-8")
        return path

    def people(self, number: int) -> None:
        """Import `number` people to the list weekly, every third without a name."""
        path = self.root / "people.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["email", "name"])
            writer.writerows(
                (f"reader{n}@inbox.example", f"Reader {n}" if n % 3 else "") for n in range(number)
            )
        self.run("subscribers", "import", path, "--list", "weekly")


def children(pid: int) -> list[int]:
    """Return the processes that this one has started and that it has not buried."""
    return [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
