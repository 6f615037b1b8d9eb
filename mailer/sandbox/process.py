"""A sandbox in a process of its own, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mailer.errors import UsageError
from mailer.sandbox.inbox import Inbox

STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: where it listens on 127.0.0.1, what it got so far, and its process id."""

    smtp_port: int
    http_port: int
    inbox: Inbox
    pid: int

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.http_port}/"


@contextmanager
def running_sandbox(folder: Path, *, smtp_port: int = 0, http_port: int = 0) -> Iterator[Sandbox]:
    """Start `mailer sandbox` on `folder` and yield it once it takes connections; stop it at the end.

    Port 0 means any free one. The sandbox also ends when this process does, however that dies: it waits
    for the end of a pipe that only we hold open. UsageError says why it did not start, a port in use say.
    """
    command = [sys.executable, "-m", "mailer", "sandbox", "--json", "--while-stdin", "--folder", str(folder)]
    command += ["--smtp-port", str(smtp_port), "--http-port", str(http_port)]
    with tempfile.TemporaryFile() as complaints:
        # A session of its own, so that Ctrl-C reaches us alone and what is in flight can be finished.
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
        try:
            sandbox = _sandbox(process, folder, complaints)
            try:
                yield sandbox
            finally:
                stop(process)
                sys.stderr.write(_text(complaints))
        finally:
            stop(process)


def _sandbox(process: subprocess.Popen[bytes], folder: Path, complaints: IO[bytes]) -> Sandbox:
    assert process.stdout is not None
    # One line says that it is ready; the end of the pipe, that it never will be.
    line = process.stdout.readline()
    if not line:
        process.wait(STOP_SECONDS)
        problem, _, next_step = _text(complaints).partition("\n  next: ")
        raise UsageError(problem.removeprefix("Error: ").strip(), next_step=next_step.strip() or None)
    said = json.loads(line)
    return Sandbox(said["smtp_port"], said["http_port"], Inbox(folder), process.pid)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let a process end that waits for the end of its standard input; kill it if it doesn't."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _text(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    return complaints.read().decode("utf-8", "replace")
