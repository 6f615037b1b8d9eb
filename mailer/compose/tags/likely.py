"""Which marks are probably tags of ours, before it is known what is code and what is in which element."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mailer.compose.tags.marks import Marked
from mailer.compose.tags.offered import Recogniser
from mailer.compose.tags.tag import CONTROL, Candidate
from mailer.errors import IssueError


@dataclass(frozen=True)
class Likely:
    """The likely ones of the marks in `marked`, as numbers.

    They say where a block or a link ends, and what must not be lost; what is a tag is decided later.
    """

    marked: Marked

    @cached_property
    def controls(self) -> frozenset[int]:
        """Those of `if`, `for` and the like."""
        return frozenset(number for number in self.ours if self.marked.candidates[number].keyword in CONTROL)

    @cached_property
    def values(self) -> frozenset[int]:
        """Those that print something."""
        return self.ours - self.controls

    @cached_property
    def ours(self) -> frozenset[int]:
        """All of them."""
        recogniser = Recogniser("")
        return frozenset(
            number
            for number, candidate in enumerate(self.marked.candidates)
            if candidate.closed and _is_ours(recogniser, candidate)
        )

    def are_controls(self, text: str) -> bool:
        """Whether `text` is nothing but tags of ours that print nothing, and white space."""
        numbers = self.marked.numbers(text)
        return not self.marked.pattern.sub("", text).strip() and self.controls.issuperset(numbers)


def _is_ours(recogniser: Recogniser, candidate: Candidate) -> bool:
    try:
        return recogniser.recognise(candidate)
    except IssueError:
        return True
