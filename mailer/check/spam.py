"""Wording that counts against a mail, kept to what has evidence: SpamAssassin's own rules and their scores.

The names and scores are those of SpamAssassin 4.0.1 as it comes (with network tests and Bayes); a mail is
held for spam at 5.0. The patterns are ours, and tests hold them against the program itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class SpamPart(Enum):
    """Where a phrase counts."""

    SUBJECT = auto()
    BODY = auto()


@dataclass(frozen=True, slots=True)
class Phrase:
    """One rule of SpamAssassin's: `matches` returns the words that it is about, or None."""

    name: str
    score: float
    part: SpamPart
    what: str
    matches: Callable[[str], re.Match[str] | None]

    def found_in(self, text: str) -> str | None:
        """Return the words in `text` that it is about."""
        found = self.matches(text)
        return found[0] if found else None

    @property
    def says(self) -> str:
        """What to say of it, after the words or the subject."""
        return f"{self.what} (SpamAssassin's {self.name}, {self.score:g} of the 5 that make spam)"


_ALL_CAPITALS = re.compile(r"(?=.{10})(?=(?:[^A-Za-z]*[A-Z]){5})[^a-z]*\s[^a-z]*")

PHRASES = (
    Phrase("SUBJ_ALL_CAPS", 0.5, SpamPart.SUBJECT, "is all capitals", _ALL_CAPITALS.fullmatch),
    Phrase("PLING_QUERY", 0.1, SpamPart.SUBJECT, "has both ? and !", re.compile(r".*(\?.*!|!.*\?)").match),
    Phrase(
        "GAPPY_SUBJECT",
        0.1,
        SpamPart.SUBJECT,
        "has g a p p y letters",
        re.compile(r"\b(?:[a-z]([-_. =~/:,*!+])\1{0,2}){4}", re.I).search,
    ),
    Phrase(
        "SUBJ_YOUR_FAMILY",
        3.0,
        SpamPart.SUBJECT,
        "says “your family”",
        re.compile("your family", re.I).search,
    ),
    Phrase("SUBJ_AS_SEEN", 1.5, SpamPart.SUBJECT, "says “as seen”", re.compile(r"\bas seen", re.I).search),
    Phrase(
        "SUBJECT_DIET",
        1.5,
        SpamPart.SUBJECT,
        "is about losing weight",
        re.compile(r"\blose .*(?:pounds|lbs|weight)", re.I).search,
    ),
    Phrase("SUBJ_BUY", 0.6, SpamPart.SUBJECT, "begins with “buy”", re.compile("buy", re.I).match),
    Phrase(
        "SUBJ_DOLLARS",
        0.1,
        SpamPart.SUBJECT,
        "begins with an amount of dollars",
        re.compile(r"\$[\d.,]+\b").match,
    ),
    Phrase(
        "DEAR_FRIEND", 2.6, SpamPart.BODY, "is no way to greet", re.compile(r"\bDear Friend\b", re.I).search
    ),
    Phrase(
        "GUARANTEED_100_PERCENT",
        2.7,
        SpamPart.BODY,
        "counts as spam",
        re.compile("100% guaranteed", re.I).search,
    ),
    Phrase(
        "MONEY_BACK", 1.2, SpamPart.BODY, "counts as spam", re.compile("money back guarantee", re.I).search
    ),
    Phrase("BANG_GUAR", 1.0, SpamPart.BODY, "counts as spam", re.compile(r"\bguaranteed?!", re.I).search),
    Phrase("BILLION_DOLLARS", 1.6, SpamPart.BODY, "counts as spam", re.compile("[BM]ILLION DOLLAR").search),
    Phrase(
        "EXCUSE_4", 1.3, SpamPart.BODY, "counts as spam", re.compile("to be removed,? please", re.I).search
    ),
    Phrase(
        "EXCUSE_REMOVE",
        3.3,
        SpamPart.BODY,
        "counts as spam",
        re.compile(r"to be removed from.{0,20}(?:mailings|offers)", re.I).search,
    ),
    Phrase(
        "FIN_FREE",
        0.1,
        SpamPart.BODY,
        "counts as spam",
        re.compile(r"\bfinancial(?:ly)? (?:free|independen)", re.I).search,
    ),
    Phrase("ACT_NOW_CAPS", 0.1, SpamPart.BODY, "counts as spam", re.compile(r"\bAct Now\b").search),
)
