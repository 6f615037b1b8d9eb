"""What a rule has to say: where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: an error is not sent (unless forced), a warning should be seen to, advice may be."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `rule` found. `line` is the issue file's, from 1; None where it is in no line of it."""

    rule: str
    severity: Severity
    path: str
    line: int | None
    text: str
    hint: str
