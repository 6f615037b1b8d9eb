"""Slugs: the name of an issue made from its title, fit for a file name and a web address."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 56  # letters of four octets, a date and an ending still fit the 255 octets of a file name
NAMELESS = "issue"

# Latin letters that Unicode does not decompose, as their languages write them without the letter.
PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)
# Letters, digits, and the marks that are vowels of Indic scripts and Thai: without them words fall apart.
KEPT = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "Mn", "Mc")
APOSTROPHES = re.compile(r"['’‘ʼ]")


def slug(title: str) -> str:
    """Return `title` in lower case, hyphens for all but letters and digits, 56 characters at most.

    Latin letters lose their accents; other scripts keep their letters and marks. `issue` if nothing is left.
    """
    letters = APOSTROPHES.sub("", unicodedata.normalize("NFC", title).lower()).translate(PLAIN)
    spaced = "".join(map(_letter, letters))
    words = [word for word in re.split(r"-+", spaced) if word]
    return _cut("-".join(words)) or NAMELESS


def _letter(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else "-"
    if unicodedata.name(char, "").startswith("LATIN"):
        return "".join(c for c in unicodedata.normalize("NFKD", char) if c.isascii() and c.isalnum())
    if unicodedata.name(char, "").startswith(("COMBINING", "VARIATION")):
        return ""
    return char if unicodedata.category(char) in KEPT else "-"


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    whole_words = text[: LONGEST + 1].rpartition("-")[0]
    return whole_words or text[:LONGEST]
