"""The text part of a Markdown issue, from the token stream that its HTML is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markdown_it.token import Token

from mailer.compose.markdown.pieces import BLOCK_TAG
from mailer.compose.text.inline import InlineText, TextTags
from mailer.compose.text.markup import markup_blocks
from mailer.compose.text.part import (
    QUOTE,
    Block,
    Group,
    Heading,
    Paragraph,
    Table,
    ThematicBreak,
    Verbatim,
    component_blocks,
)

_ALIGNMENT = re.compile(r"text-align:(left|right|center)")


def markdown_blocks(tokens: list[Token], tags: TextTags) -> list[Block]:
    """Return the blocks of a Markdown document's text part."""
    return _TokenReader(tags).blocks(iter(tokens), "")


class _TokenReader:
    """Reads nested tokens; each method consumes the tokens up to the end of what it reads."""

    def __init__(self, tags: TextTags) -> None:
        self._tags = tags

    def blocks(self, tokens: Iterator[Token], end: str) -> list[Block]:
        """Return the blocks up to the token of type `end`."""
        found: list[Block] = []
        for token in tokens:
            if token.type == end:
                break
            found += self._block(token, tokens)
        return found

    def _block(self, token: Token, tokens: Iterator[Token]) -> list[Block]:
        match token.type:
            case "inline":
                return [Paragraph(text)] if (text := self._inline(token)) else []
            case "heading_open":
                text = self._inline(next(tokens))
                return [Heading(text, int(token.tag[1]))] if text else []
            case "fence" | "code_block":
                return [Verbatim(token.content.rstrip("\n"))]
            case "hr" | "footnote_block_open":
                return [ThematicBreak()]
            case "html_block":
                return markup_blocks(token.content, self._tags)
            case _ if token.type == BLOCK_TAG:
                return self._tags.controls(token.content)
            case _:
                return self._group(token, tokens)

    def _group(self, token: Token, tokens: Iterator[Token]) -> list[Block]:
        match token.type:
            case "blockquote_open":
                return [Group(QUOTE, QUOTE, tuple(self.blocks(tokens, "blockquote_close")))]
            case "component_open":
                inside = _until(tokens, "component_close", token.level)
                return component_blocks(token.tag, self.blocks(inside, ""))
            case "bullet_list_open":
                return [self._list(tokens, "bullet_list_close", lambda _item: "- ")]
            case "ordered_list_open":
                return [self._list(tokens, "ordered_list_close", lambda item: f"{item.info}{item.markup} ")]
            case "table_open":
                return [self._table(tokens)]
            case "footnote_open":
                first = f"[{token.meta['id'] + 1}] "
                return [Group(first, " " * len(first), tuple(self.blocks(tokens, "footnote_close")))]
            case _:
                return []

    def _list(self, tokens: Iterator[Token], end: str, bullet: Callable[[Token], str]) -> Group:
        items: list[Block] = []
        tight = True
        for token in tokens:
            if token.type == end:
                break
            inside = list(_until(tokens, "list_item_close", token.level))
            loose = any(
                each.type == "paragraph_open" and each.level == token.level + 1 and not each.hidden
                for each in inside
            )
            first = bullet(token)
            items.append(
                Group(first, " " * len(first), tuple(self.blocks(iter(inside), "")), tight=not loose)
            )
            tight = tight and not loose
        return Group("", "", tuple(items), tight=tight)

    def _table(self, tokens: Iterator[Token]) -> Table:
        rows: list[list[str]] = []
        alignments: list[str] = []
        for token in tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if token.type == "th_open":
                    found = _ALIGNMENT.search(str(token.attrGet("style") or ""))
                    alignments.append(found.group(1) if found else "left")
                rows[-1].append(" ".join(self._inline(next(tokens)).split("\n")))
        return Table(tuple(map(tuple, rows)), tuple(alignments))

    def _inline(self, token: Token) -> str:
        text = InlineText(self._tags)
        for child in token.children or ():
            self._add(text, child)
        return text.text()

    def _add(self, text: InlineText, token: Token) -> None:
        match token.type:
            case "text":
                text.add(token.content)
            case "softbreak":
                text.add(" ")
            case "hardbreak" | "component_break":
                text.add("\n")
            case "code_inline":
                text.add(token.markup + token.content + token.markup)
            case "link_open":
                text.open_link(str(token.attrGet("href") or ""))
            case "link_close":
                text.close_link()
            case "image":
                text.image("".join(child.content for child in token.children or ()))
            case "footnote_ref":
                text.add(f"[{token.meta['id'] + 1}]")
            case "html_inline":
                text.markup(token.content)
            case _:
                text.add(token.markup)  # emphasis and the like stand as they were typed


def _until(tokens: Iterator[Token], end: str, level: int) -> Iterator[Token]:
    for token in tokens:
        if token.type == end and token.level == level:
            return
        yield token
