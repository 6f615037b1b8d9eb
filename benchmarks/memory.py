"""Memory must not grow with the list: the peak of a whole `send-issue` at 10,000 and at 100,000 recipients.

Ends with 1 if the larger needs over 20 % more than the smaller.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZES = (10_000, 100_000)
ALLOWED = 1.20
ISSUE = """---
title: The harbour clock
list: weekly
---
Good morning, {{ subscriber.name|default("reader") }}.

""" + "\n\n".join(f"Paragraph {n} of the harbour news, with the tides and the ferries." for n in range(60))


@contextmanager
def sink() -> Iterator[int]:
    """Run the sink and yield its port."""
    command = [sys.executable, str(Path(__file__).with_name("sink.py"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def mailer(root: Path, port: int, *arguments: str) -> tuple[float, int]:
    """Run `mailer` in the workspace; return its seconds and the peak of its resident memory in KiB."""
    there = {"MAILER_WORKSPACE": str(root), "SMTP_PORT": str(port), "SMTP_HOST": "127.0.0.1"}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "mailer", *arguments], env={**os.environ, **there}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"mailer {' '.join(arguments)} ended with {process.returncode}")
    return time.monotonic() - began, usage.ru_maxrss


def measure(people: int) -> tuple[float, int]:
    """Send one issue to `people` in a new workspace; return the seconds and peak KiB of `send-issue`."""
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        root = Path(folder)
        (root / "issues").mkdir()
        (root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street\nSECRET_KEY=bench\n")
        (root / "issues" / "harbour.md").write_text(ISSUE)
        with (root / "people.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["email", "name"])
            rows.writerows((f"reader{n}@inbox.example", f"Reader {n}") for n in range(people))
        mailer(root, port, "lists", "create", "weekly")
        mailer(root, port, "subscribers", "import", str(root / "people.csv"), "--list", "weekly")
        measured = mailer(root, port, "send-issue", "harbour", "--yes", "-q")
        mailer(root, port, "verify", "harbour")
    return measured


def main() -> int:
    """Print the table."""
    peaks = []
    print("recipients   seconds   messages/s   peak MB")
    for people in SIZES:
        seconds, peak = measure(people)
        peaks.append(peak)
        print(f"{people:>10,}  {seconds:>8.1f}  {people / seconds:>11,.0f}  {peak / 1024:>8.1f}", flush=True)
    ratio = peaks[-1] / peaks[0]
    print(f"ratio {ratio:.2f}, at most {ALLOWED:.2f} allowed")
    return int(ratio > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
