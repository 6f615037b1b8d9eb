"""Is all of an issue's text in its mail? Words and links of both, compared by a reader of its own."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser
from urllib.parse import unquote

_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://[^\s<>\"')\]|]+")


class _Page(HTMLParser):
    """Collects what a page shows, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text.append(" ")
        given = dict(attrs)
        self.text.append(f" {given.get('alt') or ''} {given.get('title') or ''} ")
        self.links |= {plain(value) for name in ("href", "src") if (value := given.get(name) or "")}

    def handle_endtag(self, tag: str) -> None:
        self.text.append(" ")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def lost_words(typed: str, html: str, text: str) -> tuple[list[str], list[str]]:
    """Return the words of `typed`, plain text without markup, that HTML and text part lack."""
    page = _Page()
    page.feed(html)
    page.close()
    return _lacking(typed, "".join(page.text)), _lacking(typed, text)


def lost_links(links: Iterable[str], html: str, text: str) -> tuple[list[str], list[str]]:
    """Return the links that HTML and text part lack."""
    page = _Page()
    page.feed(html)
    shown = {plain(link) for link in _LINK.findall(text)}
    wanted = [plain(link) for link in links]
    return [link for link in wanted if link not in page.links], [link for link in wanted if link not in shown]


def plain(link: str) -> str:
    """Return a link as it may be compared."""
    return unquote(link).rstrip("/.,")


def _lacking(typed: str, shown: str) -> list[str]:
    """Return the words that are fewer in `shown`; of words that aren't ASCII, the letters.

    Many scripts have no spaces between their words, so that lines break where they may.
    """
    wanted, there = (Counter(_units(each)) for each in (typed, shown))
    return sorted((wanted - there).elements())


def _units(text: str) -> Iterable[str]:
    for word in _WORD.findall(unicodedata.normalize("NFC", text)):
        if word.isascii():
            yield word
        else:
            yield from word
