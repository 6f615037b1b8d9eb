"""Wording that counts against a mail, kept to what has evidence: SpamAssassin's own rules and their scores.

The names and scores are those of SpamAssassin 4.0.1 as it comes (with network tests and Bayes); a mail is
held for spam at 5.0. The patterns are ours, and tests hold them against the program itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class SpamPart(Enum):
    """Where a phrase counts."""

    SUBJECT = auto()
    BODY = auto()


@dataclass(frozen=True, slots=True)
class Phrase:
    """One rule of SpamAssassin's: `pattern` finds the words that it is about, `what` is said of them."""

    name: str
    score: float
    part: SpamPart
    what: str
    pattern: str

    def found_in(self, text: str) -> str | None:
        """Return the words in `text` that it is about."""
        found = re.search(self.pattern, text)
        return found[0] if found else None

    @property
    def says(self) -> str:
        """What to say of it, after the words or the subject."""
        return f"{self.what} (SpamAssassin's {self.name}, {self.score:g} of the 5 that make spam)"


_CAPITALS = r"\A(?=.{10})(?=(?:[^A-Za-z]*[A-Z]){5})[^a-z]*\s[^a-z]*\Z"
_GAPPY = r"(?i)\b(?:[a-z]([-_. =~/:,*!+])\1{0,2}){4}"
_REMOVE = r"(?i)to be removed from.{0,20}(?:mailings|offers)"
_SUBJECT, _BODY, _SPAM = SpamPart.SUBJECT, SpamPart.BODY, "counts as spam"
PHRASES = (
    Phrase("SUBJ_ALL_CAPS", 0.5, _SUBJECT, "is all capitals", _CAPITALS),
    Phrase("PLING_QUERY", 0.1, _SUBJECT, "has both ? and !", r"\?.*!|!.*\?"),
    Phrase("GAPPY_SUBJECT", 0.1, _SUBJECT, "has g a p p y letters", _GAPPY),
    Phrase("SUBJ_YOUR_FAMILY", 3.0, _SUBJECT, "says “your family”", "(?i)your family"),
    Phrase("SUBJ_AS_SEEN", 1.5, _SUBJECT, "says “as seen”", r"(?i)\bas seen"),
    Phrase("SUBJECT_DIET", 1.5, _SUBJECT, "is about losing weight", r"(?i)\blose .*(?:pounds|lbs|weight)"),
    Phrase("SUBJ_BUY", 0.6, _SUBJECT, "begins with “buy”", r"(?i)\Abuy"),
    Phrase("SUBJ_DOLLARS", 0.1, _SUBJECT, "begins with an amount of dollars", r"\A\$[\d.,]+\b"),
    Phrase("DEAR_FRIEND", 2.6, _BODY, "is no way to greet", r"(?i)\bDear Friend\b"),
    Phrase("GUARANTEED_100_PERCENT", 2.7, _BODY, _SPAM, "(?i)100% guaranteed"),
    Phrase("MONEY_BACK", 1.2, _BODY, _SPAM, "(?i)money back guarantee"),
    Phrase("BANG_GUAR", 1.0, _BODY, _SPAM, r"(?i)\bguaranteed?!"),
    Phrase("BILLION_DOLLARS", 1.6, _BODY, _SPAM, "[BM]ILLION DOLLAR"),
    Phrase("EXCUSE_4", 1.3, _BODY, _SPAM, "(?i)to be removed,? please"),
    Phrase("EXCUSE_REMOVE", 3.3, _BODY, _SPAM, _REMOVE),
    Phrase("FIN_FREE", 0.1, _BODY, _SPAM, r"(?i)\bfinancial(?:ly)? (?:free|independen)"),
    Phrase("ACT_NOW_CAPS", 0.1, _BODY, _SPAM, r"\bAct Now\b"),
)
