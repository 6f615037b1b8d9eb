"""Containers, as Pandoc and many site generators have them: `::: note Title` … `:::`.

Lines of colons become flat tokens first, whose pairing is then settled: a container ends at the next lone
`:::` of the same depth. What has no counterpart, or a name that is not ours, stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from mailer.compose.markdown.pieces import (
    BLOCK_TAG,
    CALLOUTS,
    callout_open,
    component,
    paragraph,
    top_blocks,
)

COLUMNS, COLUMN = "columns", "column"
NAMES = frozenset({COLUMNS, COLUMN, *CALLOUTS})
FENCE = "container_fence"
MOST_NESTED = 8

_LINE = re.compile(
    r":{3,}[ \t]*(?:(?P<name>[A-Za-z][\w-]*)(?P<rest>(?:[ \t][^\n]*?)?)|\{(?P<braces>[^{}\n]*)\})?[ \t:]*"
)
_CLASS = re.compile(r"\.([A-Za-z][\w-]*)")
_SHARE = re.compile(r"(?:share|width)?[ \t]*=?[ \t]*\"?([0-9]{1,2}/[0-9]{1,2}|[0-9]{1,3}%)\"?")
_COLUMNS_TAG, _COLUMN_TAG = f"mail-{COLUMNS}", f"mail-{COLUMN}"


def containers_plugin(parser: MarkdownIt) -> None:
    """Let `parser` read columns and callouts."""
    ends = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("table", FENCE, _fence, ends)  # type: ignore[arg-type]
    parser.core.ruler.after("block", "containers", _pair)


def fault(token: Token) -> str:
    """Return what is wrong with a line of colons that begins with almost one of our names."""
    name = str(token.meta.get("unknown", ""))
    near = get_close_matches(name.lower(), NAMES, n=1, cutoff=0.8) if name else ()
    return f"::: {name} is not offered; did you mean ::: {near[0]}?" if near else ""


def doubt(token: Token) -> str:
    """Return what to tell of a container that has no end."""
    name = token.meta.get("unclosed")
    return f"::: {name} is never closed by :::, so it goes on to the end of what it stands in" if name else ""


def _fence(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not line.startswith(":::") or state.is_code_block(start):
        return False
    found = _LINE.fullmatch(line)
    if not found:
        return False
    if not silent:
        state.line = start + 1
        token = state.push(FENCE, "", 0)
        token.map, token.content = [start, start + 1], line.strip()
        token.meta = {"name": _name(found), "rest": (found["rest"] or found["braces"] or "").strip()}
    return True


def _name(found: re.Match[str]) -> str:
    """Return the name that a fence begins with; with what else it says where columns have no use for that."""
    named = found["name"] or ""
    if found["braces"] and (by_class := _CLASS.search(found["braces"])):
        named = by_class.group(1)
    rest = (found["rest"] or "").strip()
    if named.lower() in (COLUMNS, COLUMN) and rest and not _SHARE.fullmatch(rest):
        return f"{named} {rest}"
    return named.lower() if named.lower() in NAMES else named


@dataclass(slots=True)
class _OpenContainer:
    """A container or element that is open; `position` is where its fence stands in what was read so far."""

    name: str
    position: int


def _pair(state: StateCore) -> None:
    if any(token.type == FENCE for token in state.tokens):
        state.tokens = list(_arranged(_paired(state.tokens)))


def _paired(tokens: list[Token]) -> list[Token]:
    """Return `tokens` with each fence that has a counterpart as the beginning or end of a component."""
    read: list[Token] = []
    opened: list[_OpenContainer] = [_OpenContainer("", 0)]
    for token in tokens:
        if token.nesting < 0:
            _close_all(opened, read)
            opened.pop()
        elif token.nesting > 0:
            opened.append(_OpenContainer("", len(read)))
        elif token.type == FENCE and token.meta["name"] and _depth(opened) < MOST_NESTED:
            opened.append(_OpenContainer(token.meta["name"], len(read)))
        elif token.type == FENCE and opened[-1].name:
            _close(opened.pop(), token, read)
            continue
        read.append(token)
    _close_all(opened, read)
    return read


def _depth(opened: list[_OpenContainer]) -> int:
    return sum(1 for each in opened if each.name)


def _close_all(opened: list[_OpenContainer], read: list[Token]) -> None:
    """Close what has no end where the element ends that it stands in."""
    while opened[-1].name:
        container = opened.pop()
        if container.name in NAMES:
            fence = read[container.position]
            _close(container, fence, read)
            read[container.position].meta["unclosed"] = container.name


def _close(container: _OpenContainer, closing: Token, read: list[Token]) -> None:
    opening = read[container.position]
    if container.name not in NAMES:
        read.append(closing)
        return
    rest = str(opening.meta["rest"])
    if container.name in CALLOUTS:
        begin = callout_open(container.name, "" if rest.startswith(".") else rest, opening)
    else:
        begin = [component(f"mail-{container.name}", 1, opening)]
        if container.name == COLUMN and (share := _SHARE.search(rest)):
            begin[0].attrSet("share", share.group(1))
    read[container.position : container.position + 1] = begin
    read.append(component(begin[0].tag, -1, closing))


def _arranged(tokens: list[Token]) -> Iterator[Token]:
    """Yield `tokens` with fences left over as paragraphs, each on its level."""
    level = 0
    for token in _columned(tokens, inside_columns=False):
        level += min(token.nesting, 0)
        token.level = level
        level += max(token.nesting, 0)
        if token.type == FENCE:
            begin, *rest = paragraph(token.content, token)
            begin.meta["unknown"] = token.meta["name"]
            yield from (begin, *rest)
        else:
            yield token


def _columned(tokens: list[Token], *, inside_columns: bool) -> Iterator[Token]:
    """Yield `tokens` with columns only in columns, and nothing but columns there."""
    loose: list[Token] = []
    for block in top_blocks(tokens):
        is_column, whole = block[0].tag == _COLUMN_TAG, _whole(block, inside_columns=inside_columns)
        if not inside_columns:
            yield from whole
        elif is_column or (block[0].type == BLOCK_TAG and not loose):
            yield from [*_own_column(loose), *whole]
            loose = []
        else:
            loose += whole
    yield from _own_column(loose)


def _whole(block: list[Token], *, inside_columns: bool) -> list[Token]:
    """Return a block with what is in it in order; columns that aren't any are left out around it."""
    holds_columns = any(inner[0].tag == _COLUMN_TAG for inner in top_blocks(block[1:-1]))
    are_columns = block[0].tag == _COLUMNS_TAG and holds_columns
    inner = list(_columned(block[1:-1], inside_columns=are_columns))
    misplaced = block[0].tag == _COLUMN_TAG and not inside_columns
    if misplaced or (block[0].tag == _COLUMNS_TAG and not holds_columns):
        return inner
    return [block[0], *inner, *block[1:][-1:]]


def _own_column(tokens: list[Token]) -> list[Token]:
    """Return a column for what stands between columns; tags are left where they are."""
    tags = next((n for n, token in enumerate(reversed(tokens)) if token.type != BLOCK_TAG), len(tokens))
    content, after = tokens[: len(tokens) - tags], tokens[len(tokens) - tags :]
    if not content:
        return after
    return [component(_COLUMN_TAG, 1, content[0]), *content, component(_COLUMN_TAG, -1, content[-1]), *after]
