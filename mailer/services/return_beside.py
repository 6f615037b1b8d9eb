"""`mailer run` has what comes back read by a process of its own: sending never waits for a mailbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from mailer.errors import ExitCode
from mailer.services.return_settings import accounts_of

if TYPE_CHECKING:
    from mailer.bootstrap import App

PATIENCE = 30.0  # seconds that it may take to end a batch
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 900.0  # seconds until a process that was lost is begun again
LONG_ENOUGH = 60.0  # seconds after which one that was begun again is taken for well


@dataclass(slots=True)
class ReadingBeside:
    """The process that reads; one that is lost is begun again, after twice as long each time in a row.

    Not one whose settings are refused: it has said so, and a password that is tried again gets it locked.
    """

    begin: Callable[[], subprocess.Popen[bytes]]
    say: Callable[[str], None]
    clock: Callable[[], float] = monotonic
    _process: subprocess.Popen[bytes] | None = None
    _pause: float = FIRST_PAUSE
    _at: float = 0.0  # when it was begun, or is to be begun again
    _over: bool = field(default=False)

    def look(self) -> None:
        """See to it that somebody reads; to be called about once a second."""
        if self._over:
            return
        if self._process is None:
            if self.clock() >= self._at:
                self._begin()
            return
        code = self._process.poll()
        if code is None:
            return
        self._process = None
        if code == ExitCode.USAGE:
            self._over = True
            self.say(
                "What comes back is not read any more: correct the settings, and begin `mailer run` anew."
            )
            return
        if self.clock() - self._at >= LONG_ENOUGH:
            self._pause = FIRST_PAUSE
        self._wait(f"signal {-code}" if code < 0 else f"exit code {code}")

    def _begin(self) -> None:
        try:
            self._process, self._at = self.begin(), self.clock()
        except OSError as error:  # no process to be had, no memory
            self._wait(error.strerror or str(error))

    def _wait(self, why: str) -> None:
        self.say(f"What read the mailbox was lost ({why}); it begins again in {self._pause:g} s.")
        self._at = self.clock() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def end(self) -> None:
        """Have it finish what it has in hand."""
        self._over = True
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def read_beside(app: App, say: Callable[[str], None]) -> Iterator[ReadingBeside | None]:
    """Have the mailboxes of the settings read for the block; yield by whom, None if there are none.

    The process ends with this one, however that ends. SettingsError for a mailbox that can't be used.
    """
    if not accounts_of(app.settings, app.root, app.logins):
        yield None
        return
    command = [sys.executable, "-m", "mailer", "-C", str(app.root), "returns", "fetch", "--watch", "--beside"]

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # nothing in it is anybody's input

    reading = ReadingBeside(begin, say)
    reading.look()
    try:
        yield reading
    finally:
        reading.end()
