"""Slugs: the name of an issue made from its title, in ASCII, for a file name, an address and the keyboard."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

LONGEST = 56
NAMELESS = "issue"

_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue"}
_DANISH = {"æ": "ae", "ø": "oe", "å": "aa"}
# How languages write what they have beyond a to z where they must do without, if not by Unicode's letter.
_OWN = {
    **dict.fromkeys(("de", "gsw", "lb", "nds"), _GERMAN),
    **dict.fromkeys(("da", "nb", "nn", "no", "fo"), _DANISH),
    "sv": {"æ": "ae", "ø": "o"},
    "uk": {"г": "h", "ґ": "g", "и": "y", "є": "ye", "ї": "yi", "щ": "shch"},
    "bg": {"щ": "sht", "ъ": "a", "х": "h"},
    "is": {"ð": "d", "þ": "th"},
    "he": {"ש": "sh", "צ": "ts", "ץ": "ts"},
}
_APOSTROPHES = re.compile(r"['’‘ʼʹ`]")


def slug(title: str, lang: str) -> str:
    """Return `title` in lower case ASCII, hyphens for all but letters and digits, 56 characters at most.

    Letters become what the language `lang` (BCP 47) writes for them, else what they sound or look like.
    `issue` if nothing is left.
    """
    own = _OWN.get(lang.partition("-")[0], {})
    letters = unicodedata.normalize("NFC", title).lower()
    spelled = "".join(own.get(char) or _spelled(char) for char in letters)
    words = re.split(r"[^a-z0-9]+", _APOSTROPHES.sub("", spelled).lower())
    return _cut("-".join(filter(None, words))) or NAMELESS


def _spelled(char: str) -> str:
    if char.isascii():
        return char
    if unicodedata.category(char)[0] not in "LM" and not char.isdecimal():
        return "'" if _APOSTROPHES.match(char) else " "
    # One ideograph is a word, or a part of one with a sound of its own.
    return f" {anyascii(char)} " if unicodedata.name(char, "").startswith("CJK") else anyascii(char)


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    whole_words = text[: LONGEST + 1].rpartition("-")[0]
    return whole_words or text[:LONGEST]
