"""Texts without what people write now so, now so: case, accents, signs between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

# Accents, and the points of Hebrew, Arabic and kana.
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u3099\u309a]")
_SIGNS = re.compile(r"(?:[^\w\n]|_)+")
_EDGES = re.compile(r" ?\n ?")
LAST_CASED = 0x1E943  # no letter beyond has a case
_ASCII_SIGNS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "\n")}
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


def caseless(text: str) -> str:
    """Return `text` with each letter as it is without case: as many characters, accents and all.

    SQL can do the same (`store.dialect.caseless`): no letter beyond ASCII becomes one of it, and ß stays ß.
    """
    return text.lower() if text.isascii() else "".join(map(_caseless, text))


def cased_forms(text: str) -> tuple[tuple[str, str], ...]:
    """Return each character beyond ASCII that `caseless` changes into one of this text, and into which."""
    wanted = {letter for letter in text if not letter.isascii()}
    return tuple(pair for letter in sorted(wanted) for pair in _all_cased_forms().get(letter, ()))


def spellings(text: str) -> Iterator[str]:
    """Yield each text of which `caseless` makes this one, ASCII letters aside; there may be very many."""
    forms = ([letter, *(form for form, _ in cased_forms(letter))] for letter in text)
    return map("".join, product(*forms))


@lru_cache(maxsize=4096)
def _caseless(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    forms = (letter.casefold(), letter.lower())
    return next((form for form in forms if len(form) == 1 and not form.isascii()), letter)


@lru_cache(maxsize=1)
def _all_cased_forms() -> dict[str, list[tuple[str, str]]]:
    forms: dict[str, list[tuple[str, str]]] = {}
    for letter in map(chr, range(0x80, LAST_CASED + 1)):
        if (without := _caseless.__wrapped__(letter)) != letter:
            forms.setdefault(without, []).append((letter, without))
    return forms


def fold_lines(text: str) -> str:
    """Return the same with line ends kept and no blank beside them."""
    if not text.isascii():
        return _EDGES.sub("\n", _SIGNS.sub(" ", plain(text)))
    text = text.lower().translate(_ASCII_SIGNS)  # ten times as quick
    while "  " in text:
        text = text.replace("  ", " ")
    return text.replace(" \n", "\n").replace("\n ", "\n")
