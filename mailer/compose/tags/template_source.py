"""Template source that knows which line of the issue file each of its lines comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mailer.compose.tags.marks import Marked
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


def write_source(
    text: str,
    marked: Marked,
    ours: frozenset[int],
    lines: list[int],
    *,
    literal: Callable[[str], str] = str,
    pieces: Callable[[str], Iterable[tuple[str, str | None]]] = lambda static: [(static, None)],
) -> TemplateSource:
    """Return the template source of a marked `text`.

    `ours` are the marks that become tags; the others are printed as typed, through `literal`. `pieces`
    divides static text, and gives source for what is to be evaluated. `lines` are the issue's lines of the
    lines of `text`, or only that of its first.
    """
    source, row = TemplateSource(lines[:1]), 0
    for piece in marked.pieces(text):
        if isinstance(piece, int) and piece in ours:
            source.tag(marked.candidates[piece])
            continue
        printed = literal(marked.typed(piece)) if isinstance(piece, int) else ""
        for static, code in [(printed, None)] if isinstance(piece, int) else pieces(piece):
            breaks = static.count("\n")
            if code is not None:
                source.code(code)
            source.static(static if code is None else "\n" * breaks, lines[row + 1 : row + 1 + breaks])
            row += breaks
    return source
