"""What the text part knows of tags: which marks are tags of ours, and how wide to take them for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.compose.tags.marks import Marked
from mailer.compose.tags.tag import CLOSERS, OPENERS
from mailer.compose.text.part import Block, Control
from mailer.compose.text.wrapping import display_width

# Nobody knows yet how long a recipient's value will be; a first name has about so many letters.
VALUE_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class TextTags:
    """The marks of one body, of which `ours` are tags; the others are text."""

    marked: Marked
    ours: frozenset[int]

    def plain(self, text: str) -> str:
        """Return `text` with only our tags still marked."""
        return self.marked.restore(text, self.ours)

    def measure(self, text: str) -> int:
        """Return the columns of `text`: a control tag has none, a value some."""
        values = sum(not self.marked.candidates[number].keyword for number in self.marked.numbers(text))
        return display_width(self.marked.pattern.sub("", text)) + VALUE_COLUMNS * values

    def opens(self, number: int) -> int:
        """Return 1 for a tag that opens a stretch, -1 for one that closes it, else 0."""
        keyword = self.marked.candidates[number].keyword
        return (keyword in OPENERS) - (keyword in CLOSERS)

    def controls(self, text: str) -> list[Block]:
        """Return the tags in a `text` that holds nothing else."""
        return [self.control(found) for found in self.marked.pattern.finditer(self.plain(text))]

    def control(self, found: re.Match[str]) -> Control:
        """Return the tag whose mark was found."""
        return Control(found.group(), self.opens(int(found.group(1))))
