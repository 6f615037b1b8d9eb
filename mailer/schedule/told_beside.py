"""A process beside the daemon that answers for it: the daemon forks, and may have no thread that does.

It hears by a pipe how the daemon is; the pipe's end says that this is gone. One that is lost is begun anew.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from mailer.services.run_state import told

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.schedule.daemon import Looked

SIGNS = 5.0  # seconds between two signs of life
PATIENCE = 10.0  # seconds that it may take to end


class ToldBeside:
    """For its block: who asks on `listener` is answered."""

    def __init__(self, app: App, listener: socket.socket, every: float) -> None:
        self._listener = listener
        command = [sys.executable, "-m", "mailer", "-C", str(app.root), "run", "--every", str(every)]
        self._command = [*command, "--tell", str(listener.fileno())]
        self._beside: subprocess.Popen[bytes] | None = None
        self._said_at = 0.0

    def __enter__(self) -> ToldBeside:
        self._start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._end()
        self._listener.close()

    def begins(self) -> None:
        """See `Pulse`."""
        if self._beside is None or self._beside.poll() is not None:
            self._end()
            self._start()
        self._tell("begins")

    def alive(self) -> None:
        """Say that the daemon lives; to be called as often as one likes."""
        if monotonic() - self._said_at >= SIGNS:
            self._tell("lives")

    def ended(self, looked: Looked) -> None:
        """See `Pulse`."""
        self._tell("ended", seconds=looked.seconds, errors=looked.errors, away=looked.away)

    def _tell(self, what: str, **more: object) -> None:
        self._said_at = monotonic()
        if self._beside and self._beside.stdin:
            # Full: it doesn't read just now, and this one waits for nobody. Broken: it is gone.
            with suppress(BlockingIOError, BrokenPipeError):
                os.write(self._beside.stdin.fileno(), told(what, self._said_at, **more))

    def _start(self) -> None:
        self._beside = subprocess.Popen(  # noqa: S603  # nothing in it is anybody's input
            self._command, stdin=subprocess.PIPE, pass_fds=[self._listener.fileno()], bufsize=0
        )
        assert self._beside.stdin
        os.set_blocking(self._beside.stdin.fileno(), False)

    def _end(self) -> None:
        if self._beside is None:
            return
        if self._beside.stdin:
            self._beside.stdin.close()
        try:
            self._beside.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._beside.kill()
            self._beside.wait()
