"""How `mailer run` is, as it tells a process beside it in lines: it begins a look, ends one, or lives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

BUSY = 1800.0  # seconds without a word in a look: a large audience is proved in minutes
TARDY = 30.0  # seconds that a sign of life may come late between two looks


@dataclass(slots=True)
class RunState:
    """What was told of a run that looks each `every` seconds; times are of the machine's monotonic clock."""

    every: float
    heard_at: float
    looking: bool = True
    looks: int = 0
    errors: int = 0
    seconds: float = 0.0  # that the last look took
    ended_at: float | None = None
    away: bool = False  # the database, at the last look

    def hear(self, line: bytes) -> None:
        """Take in a line of `told`."""
        said: dict[str, Any] = json.loads(line)
        self.heard_at = said["at"]
        if said["what"] == "begins":
            self.looking = True
        elif said["what"] == "ended":
            self.looking, self.ended_at = False, said["at"]
            self.looks += 1
            self.seconds, self.away = said["seconds"], said["away"]
            self.errors += said["errors"]

    def trouble(self, now: float) -> str:
        """Return why it is to be taken for stuck; nothing while it lives."""
        silent = now - self.heard_at
        if silent <= (BUSY if self.looking else 3 * self.every + TARDY):
            return ""
        doing = "in the middle of a look" if self.looking else f"and it is to look each {self.every:g} s"
        return f"nothing was heard of `mailer run` for {silent:.0f} s, {doing}"

    def unfit(self, now: float) -> str:
        """Return why it can't do its work for now; nothing while it can."""
        if not self.looks:
            return "`mailer run` has not looked yet"
        return self.trouble(now) or ("the database is away, and waited for" if self.away else "")


def told(what: str, at: float, **more: object) -> bytes:
    """Return the line that `RunState.hear` reads: `begins`, `lives` or `ended` (seconds, errors, away)."""
    return json.dumps({"what": what, "at": at, **more}).encode() + b"\n"
