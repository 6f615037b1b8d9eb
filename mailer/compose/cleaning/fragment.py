"""A fragment of HTML, read tag by tag and written anew: its text escaped, its tags as somebody wants them.

What is written reads the same to every parser: no comments, no declarations, no element whose content is raw.
"""

from __future__ import annotations

import re
from html import escape
from typing import Protocol

from mailer.compose.cleaning.clean_tag import Attributes
from mailer.compose.html.tokens import TokenKind, read_html

_CONTROLS = re.compile(r"(?![\t\n])[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_CDATA = "<![CDATA["


class TagReader(Protocol):
    """Says what becomes of tags; each is given as it was typed, too."""

    def start(self, tag: str, attributes: Attributes, raw: str, line: int, *, ended: bool) -> str:
        """Return HTML in place of an opening tag; `ended` if a slash ends the element at once."""

    def end(self, tag: str, raw: str) -> str:
        """Return HTML in place of an end tag."""


def read_fragment(html: str, line: int, reader: TagReader) -> str:
    """Return `html`, which begins on this `line`, with its tags as the `reader` wants them."""
    parts, row = list[str](), line
    # No element's content is read in another way than all other's.
    for token in read_html(html, raw=frozenset()):
        match token.kind:
            case TokenKind.START:
                attributes = [(each.name, each.value) for each in token.attributes]
                parts.append(reader.start(token.name, attributes, token.source, row, ended=token.ended))
            case TokenKind.END:
                parts.append(reader.end(token.name, token.source))
            case TokenKind.DECLARATION if token.source.startswith(_CDATA):
                parts.append(_written(token.source[len(_CDATA) : -1].removesuffix("]]")))
            case TokenKind.COMMENT | TokenKind.DECLARATION:
                parts.append("\n" * token.source.count("\n"))
            case _:
                parts.append(_written(token.text))
        row += token.source.count("\n")
    return "".join(parts)


def _written(text: str) -> str:
    return escape(_CONTROLS.sub("", text), quote=False)
