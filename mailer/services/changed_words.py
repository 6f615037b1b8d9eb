"""Which words of a text were changed, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from textwrap import shorten

SHOWN = 12  # lines of what changed
AROUND = 3  # words before and after
WIDTH = 96  # characters of such a line


def changed_words(before: str, after: str) -> list[str]:
    """Return the words that differ, with some around them, those of `before` with a minus; not all of many.

    Not the lines: one more letter may wrap a whole paragraph anew.
    """
    lines = list(_differing(_words(before), _words(after)))
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"... and {more:,} lines more"] if more > 0 else lines


def _differing(old: list[str], new: list[str]) -> Iterator[str]:
    for kind, begin, end, new_begin, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield f"- {_around(old, begin, end)}"
            yield f"+ {_around(new, new_begin, new_end)}"


def _words(text: str) -> list[str]:
    return [word for word in text.split() if any(map(str.isalnum, word))]


def _around(words: list[str], begin: int, end: int) -> str:
    return shorten(" ".join(words[max(0, begin - AROUND) : end + AROUND]), WIDTH, placeholder=" …")
