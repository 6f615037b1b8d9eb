"""`mailer run` as a process whose words can be waited for."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harbour_workspace import Workspace


@dataclass(frozen=True)
class Running:
    """The process, and where its words go."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, words: str) -> None:
        """Wait until it has said something."""
        while words not in self.said:
            assert self.process.poll() is None, self.said
            time.sleep(0.01)


@contextmanager
def daemon(workspace: Workspace) -> Iterator[Running]:
    """Run `mailer run`, which has to end well unless it has ended."""
    log = workspace.root / "said.log"
    with log.open("wb") as words:
        process = subprocess.Popen(
            workspace.command("run", "--every", "0.1"),
            env=workspace.environment(),
            cwd=workspace.root,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )
    running = Running(process, log)
    try:
        yield running
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0, running.said
    finally:
        process.kill()
        process.wait()
