"""Template source that knows which line of the issue file each of its lines comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailer.compose.tags.tag import Candidate, protect_literal

_DELIMITER = re.compile(r"\{[{%][-+]?")


@dataclass(slots=True)
class TemplateSource:
    """Collects static text and tags; `lines[i]` is the issue's line for line i + 1 of `text()`."""

    lines: list[int]
    _parts: list[str] = field(default_factory=list)
    _holds_tag: bool = False

    def static(self, text: str, following: list[int] | None = None) -> None:
        """Add literal text. `following` gives the issue's lines of those after its first; else they stay."""
        self._parts.append(protect_literal(text))
        if breaks := text.count("\n"):
            known = (following or [])[:breaks]
            self.lines += known + [(known or self.lines)[-1]] * (breaks - len(known))
            self._holds_tag = False

    def code(self, source: str) -> None:
        """Add template source of our own, which belongs to no line of the issue but the present."""
        self._parts.append(source)

    def before(self, source: str) -> None:
        """Put template source of our own, without line feeds, before everything else."""
        self._parts.insert(0, source)

    def tag(self, tag: Candidate) -> None:
        """Add a tag. Its line is exact even where wrapping brought tags of several lines together."""
        source = tag.source
        if self._holds_tag and self.lines[-1] != tag.line:
            # White space inside a tag prints nothing, so the tag can begin a line of its own.
            source = _DELIMITER.sub(lambda found: found.group() + "\n", source, count=1)
            self.lines.append(tag.line)
        self.lines[-1] = tag.line
        self._holds_tag = True
        self._parts.append(source)

    def text(self) -> str:
        """The source so far."""
        return "".join(self._parts)
