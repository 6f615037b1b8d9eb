"""Inline text of the text part: links with their targets, images by their descriptions."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote

from mailer.compose.text.tags import TextTags


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
        self._links.append((self._tags.plain(target), len(self._parts)))

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
        _InlineTag(self).feed(html)

    def text(self) -> str:
        """What was collected, without white space around it."""
        while self._links:
            self.close_link()
        return "".join(self._parts).strip(" \t\n")


def _says(label: str, target: str) -> bool:
    """Whether a label is its target: as it was typed, without `mailto:`, or from `www.` on."""
    shown = unquote(f"https://{label}" if label.startswith("www.") else label)
    return shown in (unquote(target), unquote(target).removeprefix("mailto:"))


class _InlineTag(HTMLParser):
    def __init__(self, text: InlineText) -> None:
        super().__init__()
        self._text = text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        add_inline_tag(self._text, tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._text.close_link()

    def handle_data(self, data: str) -> None:
        self._text.add(data)


def add_inline_tag(text: InlineText, tag: str, attributes: dict[str, str | None]) -> None:
    """Add what an opening HTML tag means in a paragraph's text."""
    if tag == "br":
        text.add("\n")
    elif tag == "img":
        text.image(attributes.get("alt") or "")
    elif tag == "a":
        text.open_link(attributes.get("href") or "")
    elif tag == "area":
        text.open_link(attributes.get("href") or "")
        text.add(attributes.get("alt") or "")
        text.close_link()
