"""Inline text of the text part, and the tags in it: links with their targets, images by descriptions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from mailer.compose.html.addresses import tidy
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.tags.marks import Marked
from mailer.compose.tags.tag import CLOSERS, OPENERS
from mailer.compose.text.part import Block, Control
from mailer.compose.text.wrapping import display_width

# Nobody knows yet how long a recipient's value will be; a first name has about so many letters.
VALUE_COLUMNS = 8
# What would end an address in a text, though not in HTML.
_ENDS = re.compile(r"[\s<>]")


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


class InlineText:
    """Collects one paragraph's text. Links come out as `text <target>` (RFC 3986, appendix C)."""

    def __init__(self, tags: TextTags) -> None:
        self._tags = tags
        self._parts: list[str] = []
        self._links: list[tuple[str, int]] = []

    def add(self, text: str) -> None:
        """Add text, which may hold marks."""
        self._parts.append(self._tags.plain(text))

    def open_link(self, target: str) -> None:
        """Note that what follows, up to `close_link`, leads to `target`."""
        address = _ENDS.sub(lambda found: quote(found.group()), self._tags.plain(tidy(target)))
        self._links.append((address, len(self._parts)))

    def close_link(self) -> None:
        """Add the target of the innermost link, unless its text says the same or it leads into this mail."""
        if not self._links:
            return
        target, start = self._links.pop()
        label = "".join(self._parts[start:])
        if target and not target.startswith("#") and not _says(label, target):
            self._parts.append(f" <{target}>" if label else f"<{target}>")

    def image(self, description: str) -> None:
        """Add an image by its description; one without is decoration and leaves nothing."""
        if description.strip():
            self.add(f"[{description}]")

    def markup(self, html: str) -> None:
        """Add one HTML tag or comment of a Markdown paragraph."""
        for token in read_html(html):
            match token.kind:
                case TokenKind.START:
                    add_inline_tag(self, token)
                case TokenKind.END if token.name == "a":
                    self.close_link()
                case TokenKind.TEXT:
                    self.add(token.text)

    def text(self) -> str:
        """What was collected, without white space around it."""
        while self._links:
            self.close_link()
        return "".join(self._parts).strip(" \t\n")


def _says(label: str, target: str) -> bool:
    """Whether a label is its target: as it was typed, without `mailto:`, or from `www.` on."""
    shown = unquote(f"https://{label}" if label.startswith("www.") else label)
    return shown in (unquote(target), unquote(target).removeprefix("mailto:"))


def add_inline_tag(text: InlineText, token: HTMLToken) -> None:
    """Add what an opening HTML tag means in a paragraph's text."""
    match token.name:
        case "br":
            text.add("\n")
        case "img":
            text.image(token.get("alt") or "")
        case "a":
            text.open_link(token.get("href") or "")
        case "area":
            text.open_link(token.get("href") or "")
            text.add(token.get("alt") or "")
            text.close_link()
