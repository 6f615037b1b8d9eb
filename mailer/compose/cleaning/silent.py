"""HTML without what nobody reads in it: comments, scripts, style sheets, the choices of a form."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailer.compose.html.allowed import NO_TEXT
from mailer.compose.html.tokens import comment_end

_BEGIN = re.compile(rf"<!--|<({'|'.join(sorted(NO_TEXT))})(?=[\s/>])[^>]*>", re.IGNORECASE)


def without_silent(html: str, tell: Callable[[str, int], None]) -> str:
    """Return `html` without them, its line feeds kept; `tell` hears the name and the row of each element.

    What has no end is left in place: it may be a word of prose.
    """
    parts, position, start = list[str](), 0, 0
    endless = set[str]()
    while found := _BEGIN.search(html, start):
        name = (found.group(1) or "").lower()
        end = None if name in endless else _end(html, found, name)
        start = found.end()
        if end is None:
            endless.add(name)
            continue
        parts += [html[position : found.start()], _left(html, found, end, tell)]
        position = start = end
    return "".join([*parts, html[position:]])


def _left(html: str, found: re.Match[str], end: int, tell: Callable[[str, int], None]) -> str:
    """Return what stays of an element or comment: its line feeds; of a drawing's title its text too."""
    name = (found.group(1) or "").lower()
    before = html[: found.start()].lower() if name == "title" else ""
    if before.rfind("<svg") > before.rfind("</svg"):
        return html[found.end() : html.rfind("<", found.end(), end)]
    if name:
        tell(name, html.count("\n", 0, found.start()))
    return "\n" * html.count("\n", found.start(), end)


def _end(html: str, found: re.Match[str], name: str) -> int | None:
    if not name:
        return comment_end(html, found.start())
    closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(html, found.end())
    return closing.end() if closing else None
