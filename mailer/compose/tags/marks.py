"""Tags as plain words: what looks like a tag goes through Markdown and HTML parsers as one word.

A mark is lower-case letters and digits, so no parser escapes, splits or re-encodes it, in text, link target
or title alike. In Markdown the wide and no-break spaces that begin a line are marked too: markdown-it would
strip them, although CommonMark (2.1) counts only spaces and tabs as indentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from operator import attrgetter

from mailer.compose.tags.tag import Candidate, find_candidates

_PREFIX = r"^(?:[ \t>]|[-+*#]+[ \t]|[0-9]{1,9}[.)][ \t])*"
_WIDE_INDENT = re.compile(
    _PREFIX + "([\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+)", re.MULTILINE
)
# The mark of an indent ends in punctuation: after that, unlike after a letter, `_emphasis_` may begin.
_TAG_END, _INDENT_END = "z", "y\u203d"


@dataclass(frozen=True, slots=True)
class Marked:
    """`text` with a mark in place of each candidate; mark number n stands for `candidates[n]`."""

    text: str
    candidates: tuple[Candidate, ...]
    pattern: re.Pattern[str]

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the marks in `text`, in order."""
        return [int(found.group(1)) for found in self.pattern.finditer(text)]

    def with_tag(self, source: str) -> tuple[Marked, int, str]:
        """Return these marks and one more, for a tag that is not the editor's; its number and its mark.

        The mark may be put anywhere into what was made of `text`.
        """
        number = len(self.candidates)
        added = Candidate(0, 0, source, self.candidates[-1].line if self.candidates else 1)
        word = self.pattern.pattern.partition("(")[0]
        return replace(self, candidates=(*self.candidates, added)), number, f"{word}{number}{_TAG_END}"

    def restore(self, text: str, keep: frozenset[int] = frozenset()) -> str:
        """Return `text` with what was typed in place of its marks, except for those to `keep`."""

        def typed(found: re.Match[str]) -> str:
            number = int(found.group(1))
            return found.group() if number in keep else self.typed(number)

        return self.pattern.sub(typed, text)

    def typed(self, number: int) -> str:
        """Return what the mark stands for, as it was typed."""
        candidate = self.candidates[number]
        return (candidate.typed or candidate.source) if candidate.closed else candidate.source[:2]

    def pieces(self, text: str) -> Iterator[str | int]:
        """Yield the static stretches of `text` and the numbers of its marks, in order."""
        for position, piece in enumerate(self.pattern.split(text)):
            yield int(piece) if position % 2 else piece


def mark(text: str, first_line: int, *, escapes: bool) -> Marked:
    """Return `text` with its candidates marked; `first_line` and `escapes` as for `find_candidates`."""
    tags = find_candidates(text, first_line, escapes=escapes)
    candidates = sorted([*tags, *(_wide_indents(text) if escapes else ())], key=attrgetter("start"))
    word = _absent_word(text)
    parts, position = [], 0
    for number, candidate in enumerate(candidates):
        end = _TAG_END if candidate.source.startswith("{") else _INDENT_END
        parts += [text[position : candidate.start], f"{word}{number}{end}"]
        position = candidate.end if candidate.closed else candidate.start + 2
    pattern = re.compile(f"{word}([0-9]+)(?:{_TAG_END}|{_INDENT_END})")
    return Marked("".join([*parts, text[position:]]), tuple(candidates), pattern)


def _wide_indents(text: str) -> Iterator[Candidate]:
    """Yield the indents that are no tags and must be kept; nothing is ever said of their line."""
    for found in _WIDE_INDENT.finditer(text):
        yield Candidate(found.start(1), found.end(1), found.group(1), 0)


def _absent_word(text: str) -> str:
    """Return a word that `text` does not hold, the same for the same text."""
    folded, digest = text.casefold(), sha256(text.encode()).hexdigest()
    while (word := f"q{digest[:16]}x") in folded:
        digest = sha256(digest.encode()).hexdigest()
    return word
