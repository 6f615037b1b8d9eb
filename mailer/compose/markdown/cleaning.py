"""The raw HTML among Markdown's tokens, cleaned in reading order; headings get their levels on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from mailer.compose.cleaning.fragments import FragmentCleaner
from mailer.compose.html.allowed import NO_TEXT

_LEAVES = frozenset({"fence", "code_block", "hr"})
_SILENT = re.compile(rf"<({'|'.join(sorted(NO_TEXT))})(?=[\s/>])", re.IGNORECASE)


def clean_tokens(tokens: list[Token], cleaner: FragmentCleaner, body_line: int) -> list[Token]:
    """Return `tokens` with their HTML fit for a mail; what HTML leaves open is closed in its own block."""
    return _TokenCleaner(cleaner, body_line).clean(tokens)


class _TokenCleaner:
    def __init__(self, cleaner: FragmentCleaner, body_line: int) -> None:
        self._cleaner = cleaner
        self._body_line = body_line
        self._line = body_line
        self._heading = ""

    def clean(self, tokens: list[Token]) -> list[Token]:
        cleaned: list[Token] = []
        for token in tokens:
            if token.map:
                self._line = self._body_line + token.map[0]
            if token.type == "html_block":
                token.content = self._cleaner.clean(token.content, self._line)
            elif token.type == "inline":
                token.children = self._inline(token.children or [])
            else:
                cleaned += _html("html_block", self._step(token))
            cleaned.append(token)
        return [*cleaned, *_html("html_block", self._cleaner.leave())]

    def _step(self, token: Token) -> str:
        """Go into or out of a block, or past one; return the end tags that have to stand before it."""
        if token.type in ("heading_open", "heading_close"):
            if token.nesting > 0:
                self._heading = f"h{self._cleaner.outline.level(int(token.tag[1]))}"
            token.tag = self._heading
        if token.nesting < 0:
            return self._cleaner.leave()
        if token.nesting == 0 and token.type not in _LEAVES:
            return ""
        ends = self._cleaner.enter(block=True)
        return ends if token.nesting > 0 else ends + self._cleaner.leave()

    def _inline(self, children: list[Token]) -> list[Token]:
        """Return the tokens of a paragraph, cleaned, with what HTML left open in it closed at its end."""
        cleaned: list[Token] = []
        self._cleaner.enter(block=False)
        remaining = iter(enumerate(children))
        for position, child in remaining:
            if child.type == "html_inline":
                silent = _end_of_silent(children, position)
                html = "".join(each.content for each in children[position : silent + 1])
                child.content = self._cleaner.clean_inline(html, self._line)
                self._line += html.count("\n")
                for _ in range(silent - position):
                    next(remaining)
            elif child.type in ("softbreak", "hardbreak"):
                self._line += 1
            elif child.nesting > 0:
                self._cleaner.enter(block=False)
            elif child.nesting < 0:
                cleaned += _html("html_inline", self._cleaner.leave())
            cleaned.append(child)
        return [*cleaned, *_html("html_inline", self._cleaner.leave())]


def _end_of_silent(children: Sequence[Token], position: int) -> int:
    """Return where an element ends that begins at `position` and is not read; `position` if it is another."""
    if begin := _SILENT.match(children[position].content):
        end = re.compile(rf"</{begin.group(1)}\s*>", re.IGNORECASE)
        for later in range(position + 1, len(children)):
            if children[later].type == "html_inline" and end.match(children[later].content):
                return later
    return position


def _html(kind: str, html: str) -> list[Token]:
    if not html:
        return []
    token = Token(kind, "", 0)
    token.content = html
    return [token]
