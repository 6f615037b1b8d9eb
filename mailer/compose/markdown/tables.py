"""Markdown tables: nothing of a row is lost, cells say what they are, and no tag stands between rows."""

from __future__ import annotations

from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from mailer.compose.markdown.pieces import BLOCK_TAG
from mailer.compose.tags.marks import Marked
from mailer.errors import IssueError


def tables_plugin(parser: MarkdownIt) -> None:
    """Let `parser` put what a row has beyond its columns into its last cell; markdown-it would drop it."""
    parser.core.ruler.before("inline", "whole_rows", _whole_rows)


def _whole_rows(state: StateCore) -> None:
    lines = state.src.split("\n") if any(token.type == "tr_open" for token in state.tokens) else []
    row: list[Token] = []
    line = ""
    for token in state.tokens:
        if token.type == "tr_open":
            row, line = [], lines[token.map[0]] if token.map else ""
        elif token.type == "tr_close" and row:
            _complete(row, line)
            row = []
        elif token.type == "inline":
            row.append(token)


def _complete(cells: list[Token], line: str) -> None:
    position = 0
    for cell in cells:
        found = line.find(cell.content, position)
        if found < 0:  # an escaped bar, or a tag, was typed in another way
            return
        position = found + len(cell.content)
    _, bar, rest = line[position:].partition("|")
    rest = rest.strip().removesuffix("|").strip()
    if bar and rest:
        cells[-1].content += f" | {rest}"


def prepare_cells(tokens: list[Token]) -> None:
    """Say which cells are headings, and which are the last of their row: mail knows no `:last-child`."""
    cells = [token for token in tokens if token.type in ("th_open", "td_open", "tr_close")]
    for cell, following in pairwise(cells):
        if cell.type == "th_open":
            cell.attrSet("scope", "col")  # says to a screen reader what the cells below are about
        if cell.type != "tr_close" and following.type == "tr_close":
            cell.attrJoin("class", "last")


def refuse_half_tables(tokens: list[Token], marked: Marked, path: str) -> None:
    """Raise if a tag's line interrupts a table: what follows it would no longer be rows."""
    end, tag = None, None
    for token, following in zip(tokens, [*tokens[1:], None], strict=False):
        first, last = token.map or (None, None)
        if token.type == "table_open":
            end, tag = last, None
        elif token.type == BLOCK_TAG and first == end:
            end, tag = last, marked.candidates[marked.numbers(token.content)[0]]
        elif (
            token.type == "paragraph_open" and tag and first == end and following and "|" in following.content
        ):
            raise IssueError(
                path,
                tag.line,
                f"{tag.source} stands between the rows of a table",
                next_step="Wrap the whole table, or put the tags inside cells",
            )
