"""What `LOG_LEVEL` asks for, written to stderr. Nobody asked: nothing below a warning is written."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal

FORMAT = "%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s"
CLEAR_LINE = "\r\x1b[2K"
Form = Literal["text", "json"]


def write_log(level: str, form: Form = "text") -> None:
    """Have what the program logs from `level` on (a name of the standard library's) written to stderr.

    Empty: nothing is asked for; of what was before, warnings are still written.
    """
    log = logging.getLogger("mailer")
    if level and not log.handlers:
        log.addHandler(ToStderr(form))
        log.propagate = False
    if log.handlers:
        log.setLevel(level or logging.WARNING)


class ToStderr(logging.Handler):
    """Writes to what stderr is at the moment: while a progress bar is drawn, to where lines go above it."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.setFormatter(AsJson() if form == "json" else logging.Formatter(FORMAT))
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; from a worker process over the bar that its parent may have drawn on a terminal."""
        over = CLEAR_LINE if os.getpid() != self._process and sys.stderr.isatty() else ""
        try:
            sys.stderr.write(f"{over}{self.format(record)}\n")
        except OSError:
            self.handleError(record)


class AsJson(logging.Formatter):
    """Writes a line as a JSON object, for programs that gather logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object: time (RFC 3339, UTC), level, logger, process, message, and what was raised."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
