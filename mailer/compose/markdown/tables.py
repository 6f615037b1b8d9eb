"""Rows of Markdown tables that have more cells than the table has columns: nothing of them is lost."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token


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
