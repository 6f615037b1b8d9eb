"""Tokens that our own Markdown syntax is made of, and the blocks that a token stream falls into."""

from __future__ import annotations

from typing import Literal

from markdown_it.token import Token

from mailer.compose.components import CALLOUT_KINDS

BLOCK_TAG = "block_tag"
# Ours first; then what GitHub, Obsidian, VuePress and Docusaurus call the same.
CALLOUTS = {kind: kind for kind in CALLOUT_KINDS} | {
    "info": "note",
    "hint": "tip",
    "caution": "warning",
    "danger": "warning",
}


def component(tag: str, nesting: Literal[1, -1], where: Token, *, inline: bool = False) -> Token:
    """Return the beginning (`nesting` 1) or the end (-1) of an element such as `mail-note`."""
    made = Token("component_open" if nesting > 0 else "component_close", tag, nesting)
    made.block = not inline
    made.map = list(where.map) if where.map else None
    return made


def paragraph(content: str, where: Token, name: str = "") -> list[Token]:
    """Return a paragraph of the class `name` that is still to be parsed."""
    begin, inline, end = (
        Token("paragraph_open", "p", 1),
        Token("inline", "", 0),
        Token("paragraph_close", "p", -1),
    )
    for token in (begin, inline, end):
        token.block = True
        token.map = list(where.map) if where.map else None
        token.level = where.level
    inline.level += 1
    inline.content, inline.children = content, []
    if name:
        begin.attrSet("class", name)
    return [begin, inline, end]


def callout_open(name: str, title: str, where: Token) -> list[Token]:
    """Return the tokens that begin a callout; a `title` is Markdown, and may be empty."""
    begin = component("mail-callout", 1, where)
    begin.attrSet("kind", CALLOUTS[name])
    return [begin, *(paragraph(title, where, "callout-title") if title else ())]


def top_blocks(tokens: list[Token]) -> list[list[Token]]:
    """Return the tokens of each top-level block."""
    blocks: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            blocks.append([])
        blocks[-1].append(token)
        depth += token.nesting
    return blocks
