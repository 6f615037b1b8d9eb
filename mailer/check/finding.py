"""What a rule has to say: where, what, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

SPANS_SAID = 12  # of the lines of one finding; the data has them all


class Severity(StrEnum):
    """How bad it is: an error is not sent (unless forced), a warning should be seen to, advice may be."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Location:
    """One place where something was found. `line` is the issue file's, from 1; None where it is in none."""

    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `rule` found, at one place or at several, by their lines; there is at least one."""

    rule: str
    severity: Severity
    path: str
    places: tuple[Location, ...]
    hint: str

    @property
    def line(self) -> int | None:
        """The line of the first place."""
        return self.places[0].line

    @property
    def text(self) -> str:
        """What was found at the first place."""
        return self.places[0].text

    @property
    def lines(self) -> list[int]:
        """Every line that it stands on, once."""
        return sorted({place.line for place in self.places if place.line})

    @property
    def said(self) -> str:
        """What was found, and where else."""
        others, lines = len(self.places) - 1, _listed(self.lines)
        if not others:
            return self.text
        if all(place.text == self.text for place in self.places):
            return f"{self.text} (in {others + 1} places{lines and f': {lines}'})"
        return f"{self.text}, and {others} more of the kind{lines and f' ({lines})'}"

    @property
    def where(self) -> str:
        """File and line as editors and terminals take them."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def data(self) -> dict[str, Any]:
        """Return it as JSON data; docs/check.md describes it."""
        named = {name: getattr(self, name) for name in ("rule", "severity", "path", "line", "text", "hint")}
        return named | {"places": [asdict(place) for place in self.places]}


def _listed(lines: list[int]) -> str:
    runs = [list(run) for _, run in groupby(enumerate(lines), lambda numbered: numbered[1] - numbered[0])]
    spans = [
        f"{run[0][1]}–{run[-1][1]}" if len(run) > 2 else ", ".join(str(n) for _, n in run) for run in runs
    ]
    shown = ", ".join(spans[:SPANS_SAID]) + (", …" if len(spans) > SPANS_SAID else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}" if lines else ""


def counted(findings: Iterable[Finding], *severities: Severity) -> str:
    """Return how many there are of each severity: `2 errors, 1 warning, 3 advice`; empty if none."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{counts[severity]} {severity}{'s' if _takes_plural(severity, counts[severity]) else ''}"
        for severity in severities or Severity
        if counts[severity]
    )


def _takes_plural(severity: Severity, count: int) -> bool:
    return count != 1 and severity is not Severity.ADVICE
