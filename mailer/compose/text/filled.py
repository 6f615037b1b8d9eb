"""Hard-wrapped text: which paragraphs were filled to a column, so that their line ends mean nothing.

Verse, addresses and lists have line ends that mean something. What tells them apart is that in filled text
the next line's first word would not have fitted on the line before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mailer.compose.text.wrapping import display_width

# Columns to which people and programs wrap; below, lines are verse or addresses.
COLUMNS = range(56, 101)
# Programs that balance lines break a little before they have to.
SLACK = 8
# So many line ends, each before a capital, are those of verse.
VERSE = 3
# A line that much shorter than the column says nothing about it.
SHORT = 20

_LAID_OUT = re.compile(r"^[ \t>]|\t|(?<![.!?:;\"”’')])[ ]{2}|[ ]{3}")
_ITEM = re.compile(r"(?:[-*+•–]|\d{1,3}[.)])[ \t]")
_COMPOUND = re.compile(r"\w-$")
# As in `ebb- and flood-tide`, where the hyphen stands for what is left out.
_LEFT_OUT = re.compile(r"(?:and|or|to|und|oder|bis|og|och|en|of)\b", re.IGNORECASE)
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


def fill_column(paragraphs: Sequence[Sequence[str]]) -> int | None:
    """Return the column that most lines of an article were filled to, None if they weren't."""
    breaks = [each for paragraph in paragraphs if _may_be_filled(paragraph) for each in _breaks(paragraph)]
    best = max(reversed(COLUMNS), key=lambda column: sum(_fits(each, column) for each in breaks))
    fitting = [each for each in breaks if _fits(each, best)]
    column = max((each[0] for each in fitting), default=0)
    telling = [each for each in breaks if each[0] > column - SHORT]
    # Verse may be as wide as that, but begins its lines with capitals.
    goes_on = sum(not each[2][0].isupper() for each in fitting)
    shows = len(fitting) > 1 and 2 * len(fitting) >= len(telling) and 5 * goes_on >= len(fitting)
    return column if shows else None


def is_filled(paragraph: Sequence[str], column: int | None) -> bool:
    """Whether the line ends of a paragraph are those of an article that was filled to `column`."""
    if column is None or not _may_be_filled(paragraph):
        return False
    breaks, widest = _breaks(paragraph), max(map(display_width, paragraph))
    exact = column - SHORT < widest <= column and all(each[1] > widest for each in breaks)
    goes_on = sum(not each[2][0].isupper() for each in breaks)
    if exact and (goes_on or len(breaks) < VERSE):
        return True
    return all(_fits(each, column) for each in breaks) and 4 * goes_on >= len(breaks)


def joined(paragraph: Sequence[str]) -> str:
    """Return the lines of a filled paragraph as one."""
    text = paragraph[0].strip()
    for line in map(str.strip, paragraph[1:]):
        compound = _COMPOUND.search(text[-2:]) and line[0].islower() and not _LEFT_OUT.match(line)
        unspaced = _UNSPACED.match(text[-1]) and _UNSPACED.match(line[0])
        text += line if compound or unspaced else f" {line}"
    return text


def _may_be_filled(paragraph: Sequence[str]) -> bool:
    first, *others = (line.rstrip() for line in paragraph)
    laid_out = any(map(_LAID_OUT.search, (first.lstrip(" "), *others)))
    return bool(others) and not laid_out and not any(map(_ITEM.match, others))


def _breaks(paragraph: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return for each line end: the line's width, what it would be with the next word, and that word."""
    found = []
    for line, following in pairwise(paragraph):
        width, word = display_width(line.rstrip()), following.split()[0]
        found.append((width, width + 1 + display_width(word), word))
    return found


def _fits(line_end: tuple[int, int, str], column: int) -> bool:
    width, with_next, _ = line_end
    return width <= column < with_next + SLACK
