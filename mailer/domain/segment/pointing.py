"""A place in a definition, shown: line and column, the line itself, a caret below."""

from __future__ import annotations

import unicodedata

from mailer.domain.segment.conditions import Span


def place_of(text: str, at: Span) -> str:
    """Return where something stands: `column 8`, or with the line where there are several."""
    line = text.count("\n", 0, at.start) + 1
    column = at.start - text.rfind("\n", 0, at.start)
    return f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"


def pointed_at(text: str, at: Span) -> str:
    """Return the line in which something stands, and below it as many carets as it has columns."""
    begins = text.rfind("\n", 0, at.start) + 1
    line = text[begins:].partition("\n")[0]
    before, marked = text[begins : at.start], text[at.start : min(at.end, begins + len(line))]
    indent = "".join(char if char == "\t" else " " * _columns(char) for char in before)
    return f"{line.rstrip()}\n{indent}{'^' * max(sum(map(_columns, marked)), 1)}"


def _columns(char: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
