"""What the page's address asks for, and what its templates are given: a sample in one view, or an error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from mailer.check.finding import Finding, Severity
from mailer.compose.issue.source import KINDS
from mailer.compose.issue.text import encoding_of
from mailer.errors import IssueError, MailerError
from mailer.proof.sample import Sample
from mailer.viewer.frame import Appearance, ShownImages
from mailer.viewer.pages import cut, one_of

LINES = 10_000  # of an issue; more would only stop the browser
AROUND = 4  # lines before and after one that something is wrong with
READABLE = {*KINDS, ".css"}  # issues and templates; nothing that could hold a secret
VIEWS = {
    "": "Mail",
    "text": "Text",
    "html": "HTML",
    "source": "Source",
    "headers": "Headers",
    "issue": "Issue",
}


@dataclass(frozen=True, slots=True)
class ViewChoice:
    """What is shown and how, as the page's address says it; "" is the default of each."""

    issue: str
    reader: str
    view: str
    width: str
    scheme: str
    images: str
    styles: str
    line: int

    @classmethod
    def of(cls, request: Request) -> ViewChoice:
        """Return the choice in the address that was asked for."""
        line = request.query_params.get("line", "")
        return cls(
            issue=request.query_params.get("issue", ""),
            reader=request.query_params.get("reader", "").strip(),
            view=one_of(request, "view", *VIEWS),
            width=one_of(request, "width", "phone"),
            scheme=one_of(request, "scheme", "dark"),
            images=one_of(request, "images", ShownImages.REMOTE, ShownImages.NONE),
            styles=one_of(request, "styles", "none"),
            line=int(line) if line.isdecimal() and len(line) < 10 else 0,
        )

    @property
    def appearance(self) -> Appearance:
        """How the frame is seen."""
        images = ShownImages(self.images or ShownImages.OWN)
        return Appearance(images, self.scheme or "light", self.styles != "none")


def shown(sample: Sample, view: str, file: Path) -> dict[str, Any]:
    """Return what one view of a sample shows; `file` is the issue's."""
    return {
        "sample": sample,
        "found": _by_severity(sample.findings),
        "plain": _plain(sample, view),
        "lines": _lines(file)[:LINES] if view == "issue" else [],
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
        "excerpt": _excerpt(error),
    }


def _excerpt(error: Exception) -> Sequence[tuple[int, str]]:
    """Return the lines that an error is about, with their numbers; none if it names none that can be read."""
    if not isinstance(error, IssueError) or error.line is None:
        return ()
    path = Path(str(error.path))
    numbered = list(enumerate(_lines(path), start=1)) if path.suffix.lower() in READABLE else []
    return numbered[max(error.line - 1 - AROUND, 0) : error.line + AROUND]


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file without their ends, as far as it can be read; none if it can't be."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    text = data.decode(encoding_of(data), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
