"""Tags that show an image, found in HTML and written anew; everything else stays as it was typed.

How large an image is shown its author says, else it is shown as it is, and never wider than the column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import NamedTuple

from mailer.compose.css.reading import read_style
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html

# Elements whose `src` is an image; any other one may have a `background`.
WITH_SOURCE = frozenset({"img", "v:fill", "v:image"})
BACKGROUND = "background"

_LIKELY = re.compile(r"<(?:img|v:fill|v:image)\b|\bbackground\s*=", re.IGNORECASE)

_PIXELS = re.compile(r"\s*([1-9][0-9]{0,3})\s*(?:px)?\s*")

Attributes = list[tuple[str, str | None]]
COLUMN = "mail-column"


class ImageSpot(NamedTuple):
    """Where an element stands: its row (from 0), and the share of the column that it is in, "" if in none."""

    row: int
    share: str = ""


# Given an element's name, its attributes and its spot: its new attributes, or None to leave it.
Change = Callable[[str, Attributes, ImageSpot], Attributes | None]


def change_images(html: str, change: Change, row: int = 0) -> str:
    """Return `html` with its image tags as `change` wants them, those in conditional comments too.

    `row` is that of its first line. The number of lines stays the same.
    """
    if not _LIKELY.search(html):
        return html
    return "".join(_Finder(change, row).read(html))


class _Finder:
    def __init__(self, change: Change, row: int) -> None:
        self._change = change
        self._row = row
        self._columns: list[str] = []

    def read(self, html: str) -> Iterator[str]:
        """Yield the sources of all tokens, the changed ones anew."""
        for token in read_html(html):
            match token.kind:
                case TokenKind.START:
                    yield self._start(token)
                case TokenKind.COMMENT if token.comment.startswith("[if"):
                    inside = token.comment
                    yield token.source.replace(inside, change_images(inside, self._change, self._row), 1)
                case _:
                    if token.kind is TokenKind.END and token.name == COLUMN and self._columns:
                        self._columns.pop()
                    yield token.source
            self._row += token.source.count("\n")

    def _start(self, token: HTMLToken) -> str:
        if token.name == COLUMN:
            self._columns.append(token.get("share") or "")
        if not token.get("src" if token.name in WITH_SOURCE else BACKGROUND):
            return token.source
        typed = [(each.name, each.value) for each in token.attributes]
        changed = self._change(token.name, typed, ImageSpot(self._row, self._share()))
        return token.source if changed is None else _written(token.name, changed, token)

    def _share(self) -> str:
        return self._columns[-1] if self._columns else ""


def _written(tag: str, attributes: Attributes, token: HTMLToken) -> str:
    pairs = [name if value is None else f'{name}="{escape(value, quote=True)}"' for name, value in attributes]
    written = " ".join([f"<{tag}", *pairs])
    lost = token.source.count("\n") - written.count("\n")
    return f"{written}{chr(10) * lost}{' />' if token.ended else '>'}"


def missing_size(attributes: Attributes, width: int, height: int, room: int) -> Attributes:
    """Return the `width` and `height` attributes that an image of these pixels still needs.

    Outlook for Windows goes by these attributes alone. What the author gave, as an attribute or a style, is
    kept; the other measure follows by ratio. A picture of twice the pixels is shown at `room` pixels, sharp
    on a fine screen.
    """
    given = {name: value or "" for name, value in attributes if name in ("width", "height")}
    style = read_style(dict(attributes).get("style") or "")
    wished = {each.name: each.value for each in style if each.name in ("width", "height")} | given
    read = {name: _PIXELS.fullmatch(value) for name, value in wished.items()}
    pixels = {name: int(found[1]) for name, found in read.items() if found}
    if len(pixels) < len(wished):
        return []  # a share, or `auto`: nothing that could be reckoned with
    match pixels.get("width"), pixels.get("height"):
        case None, None:
            shown = min(width, room)
            size = shown, _ratio(shown, height, width)
        case int(wide), None:
            size = wide, _ratio(wide, height, width)
        case None, int(high):
            size = _ratio(high, width, height), high
        case int(wide), int(high):
            size = wide, high
        case _:
            return []
    return [
        (name, str(value)) for name, value in zip(("width", "height"), size, strict=True) if name not in given
    ]


def filling(attributes: Attributes, most: int) -> Attributes:
    """Return `attributes` with a style that fills what the image stands in, up to `most` pixels.

    Outlook for Windows goes by the attributes for its size all the same.
    """
    own = (dict(attributes).get("style") or "").strip()
    others = [(name, value) for name, value in attributes if name != "style"]
    return [*others, ("style", f"width: 100%; max-width: {most}px; height: auto; {own}".strip("; "))]


def _ratio(measure: int, one: int, other: int) -> int:
    return max(1, round(measure * one / other))
