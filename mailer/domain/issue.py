"""An issue: what the editor wrote, before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the body is written in, by the file's ending."""

    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class IssueNotice:
    """Something in an issue file that the editor should know and that stops nothing."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class Notices:
    """Collects notices about the issue at `path`, each text once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: dict[str, list[int]] = {}

    def add(self, line: int, text: str) -> None:
        """Note `text` about a line of the issue file."""
        lines = self._lines.setdefault(text, [])
        if line not in lines[-1:]:
            lines.append(line)

    def __iter__(self) -> Iterator[IssueNotice]:
        for text, lines in sorted(self._lines.items(), key=lambda item: item[1][0]):
            others = len(set(lines)) - 1
            more = f" (and on {others} more {'line' if others == 1 else 'lines'})" if others else ""
            yield IssueNotice(self._path, lines[0], text + more)


@dataclass(frozen=True, slots=True)
class Epigraph:
    """A motto and where it comes from."""

    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue as its file says it. Images and attachments lie in the folder of `path`.

    `body_line` is the file's line (from 1) of the body's first. `title_in_body` means that the body shows the
    title itself, so a layout must not print it again. `lang` is a language tag (BCP 47), empty where the file
    says none (`mailer.compose.issue.inherited`). `date` is naive where the file names no zone. `source`
    is the whole file's text, every line end a line feed. `notices` are what the file gave notice of.
    """

    path: str
    kind: Kind
    slug: str
    title: str
    body: str
    body_line: int = 1
    title_in_body: bool = False
    subject: str = ""
    date: datetime | None = None
    lang: str = ""
    draft: bool = False
    lists: tuple[str, ...] = ()
    segment: str = ""
    template: str = "newsletter"
    sender: str = ""
    reply_to: str = ""
    attachments: tuple[str, ...] = ()
    tracking: bool = False
    archive: bool = True
    after: timedelta | None = None
    at: time | None = None
    only: str = ""
    check_off: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    printed: Mapping[str, Any] = field(default_factory=dict)  # by key, what only layouts make use of
    field_lines: Mapping[str, int] = field(default_factory=dict)  # by key, the file's line in front matter
    source: str = field(default="", repr=False, compare=False)
    notices: tuple[IssueNotice, ...] = field(default=(), repr=False, compare=False)
