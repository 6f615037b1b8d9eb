"""Tags that show an image, found in HTML and written anew; everything else stays as it was typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple

# Elements whose `src` is an image; any other one may have a `background`.
WITH_SOURCE = frozenset({"img", "v:fill", "v:image"})
BACKGROUND = "background"

_LIKELY = re.compile(r"<(?:img|v:fill|v:image)\b|\bbackground\s*=", re.IGNORECASE)

_COMMENT = "<!--"

Attributes = list[tuple[str, str | None]]
COLUMN = "mail-column"


class Spot(NamedTuple):
    """Where an element stands: its row (from 0), and the share of the column that it is in, "" if in none."""

    row: int
    share: str = ""


# Given an element's name, its attributes and its spot: its new attributes, or None to leave it.
Change = Callable[[str, Attributes, Spot], Attributes | None]


def change_images(html: str, change: Change, row: int = 0) -> str:
    """Return `html` with its image tags as `change` wants them, those in conditional comments too.

    `row` is that of its first line. The number of lines stays the same.
    """
    if not _LIKELY.search(html):
        return html
    finder = _Finder(html, change, row)
    finder.feed(html)
    finder.close()
    parts, position = [], 0
    for start, old, new in finder.edits:
        parts += [html[position:start], new]
        position = start + len(old)
    return "".join([*parts, html[position:]])


class _Finder(HTMLParser):
    def __init__(self, html: str, change: Change, row: int) -> None:
        super().__init__(convert_charrefs=True)
        self.edits: list[tuple[int, str, str]] = []
        self._change = change
        self._row = row
        self._columns: list[str] = []
        self._starts = [0, *(found.end() for found in re.finditer("\n", html))]

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        name = "src" if tag in WITH_SOURCE else BACKGROUND
        raw = self.get_starttag_text() or ""
        if tag == COLUMN:
            self._columns.append(dict(attrs).get("share") or "")
        if any(each == name and value for each, value in attrs):
            changed = self._change(tag, attrs, Spot(self._row + self.getpos()[0] - 1, self._share()))
            if changed is not None:
                self._replace(raw, _written(tag, changed, raw))

    def handle_endtag(self, tag: str) -> None:
        if tag == COLUMN and self._columns:
            self._columns.pop()

    def _share(self) -> str:
        return self._columns[-1] if self._columns else ""

    def handle_comment(self, data: str) -> None:
        if data.startswith("[if") and self.rawdata.startswith(_COMMENT, self._place()):
            inside = change_images(data, self._change, self._row + self.getpos()[0] - 1)
            self._replace(data, inside, len(_COMMENT))

    def _place(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column

    def _replace(self, old: str, new: str, after: int = 0) -> None:
        if old != new:
            self.edits.append((self._place() + after, old, new))


def _written(tag: str, attributes: Attributes, raw: str) -> str:
    pairs = [name if value is None else f'{name}="{escape(value, quote=True)}"' for name, value in attributes]
    written = " ".join([f"<{tag}", *pairs])
    lost = raw.count("\n") - written.count("\n")
    return f"{written}{chr(10) * lost}{' />' if raw.endswith('/>') else '>'}"
