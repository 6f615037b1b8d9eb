"""What the page's templates are given: a specimen in one of its views, or an error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailer.check.finding import Finding, Severity
from mailer.errors import MailerError
from mailer.preview.excerpt import excerpt_for, read_lines
from mailer.proof.sample import Sample
from mailer.viewer.pages import cut

LINES = 10_000  # of an issue; more would only stop the browser


def shown(sample: Sample, view: str, file: Path) -> dict[str, Any]:
    """Return what one view of a specimen shows; `file` is the issue's."""
    return {
        "specimen": sample,
        "found": _by_severity(sample.findings),
        "plain": _plain(sample, view),
        "lines": read_lines(file)[:LINES] if view == "issue" else [],
    }


def _by_severity(findings: Iterable[Finding]) -> dict[Severity, list[Finding]]:
    found: dict[Severity, list[Finding]] = {}
    for severity in Severity:
        if some := [finding for finding in findings if finding.severity is severity]:
            found[severity] = some
    return found


def _plain(sample: Sample, view: str) -> str:
    match view:
        case "text":
            return cut(sample.text)
        case "html":
            return cut(sample.html)
        case "source":
            return cut(sample.content.decode("ascii", "replace"))
    return ""


def _relative(path: str, root: Path) -> str:
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def broken(error: MailerError, root: Path) -> dict[str, Any]:
    """Return what the page says of an error: where it is, what is wrong, what to do next."""
    path = getattr(error, "path", None)
    line = getattr(error, "line", None)
    told = f"{path}:{line}: " if line else f"{path}: "
    return {
        "where": _relative(str(path), root) if path else "",
        "line": line,
        "problem": error.problem.removeprefix(told),
        "next_step": error.next_step,
        "excerpt": excerpt_for(error),
    }
