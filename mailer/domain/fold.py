"""Texts without what people write now so, now so: case, accents, signs between words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Accents, and the points of Hebrew, Arabic and kana.
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u3099\u309a]")
_SIGNS = re.compile(r"(?:[^\w\n]|_)+")
_EDGES = re.compile(r" ?\n ?")
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


def plain(text: str) -> str:
    """Return `text` without case and accents."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold().translate(_STROKES)))


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the letters and digits of `text` without case and accents, one blank between words."""
    return " ".join(_SIGNS.sub(" ", plain(text)).split())


def fold_lines(text: str) -> str:
    """Return the same with line ends kept and no blank beside them."""
    return _EDGES.sub("\n", _SIGNS.sub(" ", plain(text)))
