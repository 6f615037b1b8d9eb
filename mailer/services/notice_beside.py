"""Notices are told by a process beside `mailer run`, `work` and `serve`: no webhook keeps those waiting."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging import getLogger
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.bootstrap import App

PATIENCE = 60.0  # seconds that a process may take: less than the lease of what it tells
EVERY = 30.0  # seconds from one to the next, as mail that a server does not take is due all the time

log = getLogger(__name__)


@dataclass(slots=True)
class TellingBeside:
    """The process that tells, one at a time; what it takes in hand others leave to it for two minutes."""

    begin: Callable[[], subprocess.Popen[bytes]]
    clock: Callable[[], float] = monotonic
    _process: subprocess.Popen[bytes] | None = None
    _at: float = 0.0

    def tell(self) -> None:
        """Have what is due told soon. One process that is at it goes on; after a minute it is ended."""
        if self._process:
            if self.clock() - self._at < (PATIENCE if self._process.poll() is None else EVERY):
                return
            self.end()
        try:
            self._process, self._at = self.begin(), self.clock()
        except OSError as error:  # no process to be had, no memory: what is due stays due
            log.warning("notices wait: %s", error.strerror or error)

    def end(self, patience: float = 0.0) -> None:
        """Give it so many seconds to end by itself."""
        if self._process is None:
            return
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def tell_beside(app: App) -> Iterator[TellingBeside]:
    """Yield what has notices told, by the settings of the workspace, during the block."""
    command = [sys.executable, "-m", "mailer", "-C", str(app.root), "notices", "retry", "--beside"]

    def begin() -> subprocess.Popen[bytes]:
        # In a session of its own, that Ctrl-C does not end it. Nothing in the command is anybody's input.
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603

    telling = TellingBeside(begin)
    try:
        yield telling
    finally:
        telling.end(PATIENCE / 4)
