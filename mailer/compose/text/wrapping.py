"""Lines for a text terminal: how wide a text is, and where it may be broken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

COLUMNS = 78

# Only between these may a line break without a space: ideographs and kana, and never beside punctuation.
_IDEOGRAPH = (
    "[\\u3041-\\u3096\\u30a1-\\u30fa\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\U00020000-\\U0003fffd]"
)
_BETWEEN_IDEOGRAPHS = re.compile(f"(?<={_IDEOGRAPH})(?={_IDEOGRAPH})")
_WORDS = re.compile(r"([ \t]*)([^ \t]+)")

Measure = Callable[[str], int]


def display_width(text: str) -> int:
    """Return the columns that `text` takes in a terminal (Unicode Standard Annex 11; marks take none)."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap(text: str, width: int = COLUMNS, measure: Measure = display_width) -> list[str]:
    """Return `text` as lines of at most `width` columns; a word that is wider stands alone.

    A line feed is a break that stays. Lines break at spaces and tabs only (a no-break space holds), and
    between ideographs; a URL is never broken. Spaces inside a line are kept as they are.
    """
    return [line for part in text.split("\n") for line in _wrap_line(part.strip(" \t"), width, measure)]


def _wrap_line(text: str, width: int, measure: Measure) -> list[str]:
    lines, line, used = [], "", 0
    for gap, word in _pieces(text):
        taken = measure(word)
        if line and used + len(gap) + taken > width:
            lines.append(line)
            line, used = word, taken
        else:
            line, used = line + gap + word, used + len(gap) + taken
    return [*lines, line]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield what must not be broken, each with the spaces before it."""
    for found in _WORDS.finditer(text):
        gap, word = found.groups()
        parts = [word] if "://" in word else _BETWEEN_IDEOGRAPHS.split(word)
        yield gap, parts[0]
        yield from (("", part) for part in parts[1:])
