"""Inline text of the text part: links with their targets, images by their descriptions."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from mailer.compose.html.addresses import tidy
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.text.tags import TextTags

# What would end an address in a text, though not in HTML.
_ENDS = re.compile(r"[\s<>]")


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
