"""The instruments: a sink to send to, a wire with a delay, and a scale for processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Cost, Taken

HERE = Path(__file__).parent
BUILD = HERE.parent / "build" / "bench"
SAMPLE_EVERY = 0.1  # seconds


class Unavailable(Exception):
    """Something that a benchmark needs is not on this machine."""


def compiled(name: str) -> Path:
    """Return the program made from NAME.c, made anew if its source is younger."""
    source, program = HERE / f"{name}.c", BUILD / name
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise Unavailable("a C compiler (cc) is needed to build the sink; on Debian: apt-get install gcc")
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", program, source], check=True)
    return program


@dataclass(slots=True)
class Gauge:
    """A running instrument: its port, and once its context is left, what it said at the end."""

    port: int
    said: dict[str, float]


@contextmanager
def _instrument(*command: str | Path) -> Iterator[Gauge]:
    """Run a program that prints its port, then its last words in JSON when its standard input ends."""
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        gauge = Gauge(int(process.stdout.readline()), {})
        yield gauge
    finally:
        said, _ = process.communicate(timeout=10)
    gauge.said = json.loads(said)


@contextmanager
def sink(*offers: str) -> Iterator[Gauge]:
    """Run a sink that offers these of `pipelining` and `chunking`."""
    with _instrument(compiled("sink"), *offers) as gauge:
        yield gauge


@contextmanager
def wire(port: int, round_trip: int) -> Iterator[Gauge]:
    """Lay a wire to `port` on which a round trip takes so many milliseconds; none at all for 0."""
    if not round_trip:
        yield Gauge(port, {"cpu": 0.0})
        return
    with _instrument(compiled("delay"), str(port), str(round_trip * 500)) as gauge:
        yield gauge


def taken(gauge: Gauge) -> Taken:
    """Return what a sink said at its end."""
    return Taken(**gauge.said)  # type: ignore[arg-type]  # the counts among them are whole in JSON already


def weigh(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end and return what it cost. SystemExit with its last words if it fails."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    scale = _Scale(process.pid)
    assert process.stderr
    try:
        words = process.stderr.read().decode(errors="replace")
        # Unlike Popen.wait this also says what the process and those it waited for have used.
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        raise
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    memory = scale.stop()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{words[-2000:]}")
    return Cost(began, seconds, usage.ru_utime + usage.ru_stime, memory)


class _Scale(threading.Thread):
    """Samples the memory of a process and all its descendants, and keeps the peak."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._peak = 0
        self._done = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._done.wait(SAMPLE_EVERY):
            self._peak = max(self._peak, sum(map(_memory, family(self._pid))))

    def stop(self) -> int:
        """Return the peak, in octets."""
        self._done.set()
        self.join()
        return self._peak


def family(pid: int) -> list[int]:
    """Return a process and all its descendants that are there now."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue  # gone meanwhile
    return found


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # gone meanwhile
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
