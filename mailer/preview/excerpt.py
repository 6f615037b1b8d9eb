"""The lines of a file round one that something is wrong with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailer.compose.issue.source import KINDS
from mailer.compose.issue.text import encoding_of
from mailer.errors import IssueError

AROUND = 4  # lines before and after
READABLE = {*KINDS, ".css"}  # issues and templates; nothing that could hold a secret


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`lines` are numbers and texts, the one that it is about is number `line`."""

    line: int
    lines: tuple[tuple[int, str], ...]


def excerpt_for(error: Exception) -> Excerpt | None:
    """Return the lines that an error is about; None if it names none that can be read."""
    if not isinstance(error, IssueError) or error.line is None:
        return None
    path = Path(str(error.path))
    if path.suffix.lower() not in READABLE:
        return None
    numbered = tuple(enumerate(read_lines(path), start=1))
    shown = numbered[max(error.line - 1 - AROUND, 0) : error.line + AROUND]
    return Excerpt(error.line, shown) if shown else None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file without their ends, as far as it can be read; none if it can't be."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    text = data.decode(encoding_of(data), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
