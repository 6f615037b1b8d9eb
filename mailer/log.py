"""What `LOG_LEVEL` asks for, written to stderr. Nobody asked: nothing below a warning is written."""

from __future__ import annotations

import logging
import os
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s"
CLEAR_LINE = "\r\x1b[2K"


def write_log(level: str) -> None:
    """Have what the program logs from `level` on (a name of the standard library's) written to stderr.

    Empty: nothing is asked for; of what was before, warnings are still written.
    """
    log = logging.getLogger("mailer")
    if level and not log.handlers:
        log.addHandler(ToStderr())
        log.propagate = False
    if log.handlers:
        log.setLevel(level or logging.WARNING)


class ToStderr(logging.Handler):
    """Writes to what stderr is at the moment: while a progress bar is drawn, to where lines go above it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(FORMAT))
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; from a worker process over the bar that its parent may have drawn on a terminal."""
        over = CLEAR_LINE if os.getpid() != self._process and sys.stderr.isatty() else ""
        try:
            sys.stderr.write(f"{over}{self.format(record)}\n")
        except OSError:
            self.handleError(record)
