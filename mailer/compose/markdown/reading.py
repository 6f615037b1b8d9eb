"""Markdown as newsletters have it, with tags as words.

CommonMark, tables, strikethrough, footnotes, links without brackets, and our own buttons, figures, columns
and callouts, which become elements `<mail-…>` here. Smart typography is off: every character arrives as it
was typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from mailer.compose.cleaning.fragments import FragmentCleaner
from mailer.compose.document.traits import text_of
from mailer.compose.markdown.cleaning import clean_tokens
from mailer.compose.markdown.containers import doubt, fault
from mailer.compose.markdown.dialect import markdown_parser
from mailer.compose.markdown.pieces import top_blocks
from mailer.compose.markdown.tables import prepare_cells, refuse_half_tables
from mailer.compose.tags.likely import Likely
from mailer.compose.tags.marks import Marked, mark
from mailer.domain.issue import Issue, Notices
from mailer.errors import IssueError

_HOLDERS = frozenset({"mail-callout", "mail-column", "mail-columns"})
CODE = frozenset({"code_inline", "code_block", "fence"})


def parse_markdown(issue: Issue, marked: Marked, notices: Notices) -> list[Token]:
    """Return the block tokens of an issue's marked Markdown; what stands in code is as it was typed.

    A control tag alone on its line is a `block_tag` token between blocks. HTML is made fit for a mail. Raise
    IssueError for a table row wrapped in tags, and for a near miss of a container's name.
    """
    likely = Likely(marked)
    tokens = markdown_parser(likely).parse(marked.text)
    refuse_half_tables(tokens, marked, issue.path)
    prepare_cells(tokens)
    for token in tokens:
        if problem := fault(token):
            raise IssueError(issue.path, issue.body_line + (token.map or [0])[0], problem)
        if problem := doubt(token):
            notices.add(issue.body_line + (token.map or [0])[0], problem)
        for each in (token, *(token.children or ())):
            if each.type in CODE:
                each.content = marked.restore(each.content)
                each.info = marked.restore(each.info)
    return clean_tokens(tokens, FragmentCleaner(issue, likely, notices), issue.body_line)


def first_heading(body: str) -> tuple[str, int, int] | None:
    """Return the text of the first top-level H1 and its lines (from 0, the end excluded), or None."""
    marked = mark(body, 1, escapes=True)
    parser = markdown_parser(Likely(marked))
    parser.core.ruler.enableOnly(["normalize", "block", "containers"])
    env: dict[str, Any] = {}
    for token, inline in pairwise(parser.parse(marked.text, env)):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0 and token.map:
            words = parser.inline.parse(inline.content, parser, env, [])
            title = RendererHTML().renderInlineAsText(words, parser.options, env)
            first, end = token.map
            return marked.restore(title).replace("\n", " "), first, end
    return None


def all_texts(body: str) -> list[str]:
    """Return the text of each paragraph, heading, cell and piece of HTML, in order, without markup."""
    marked = mark(body, 1, escapes=True)
    parser = markdown_parser(Likely(marked))

    def text(block: Token) -> str:
        if block.type == "html_block":
            return text_of(block.content)
        return RendererHTML().renderInlineAsText(block.children or [], parser.options, {})

    blocks = (block for block in parser.parse(marked.text) if block.type in ("inline", "html_block"))
    return [marked.restore(text(block)) for block in blocks]


def render_markdown(tokens: list[Token], marked: Marked, body_line: int) -> tuple[str, list[int]]:
    """Return the HTML of `tokens`, marks in place, and for each of its lines the issue's line."""
    parser = markdown_parser(Likely(marked))
    html, lines, span = list[str](), [body_line], (0, 0)
    for block in _leaves(tokens):
        piece = parser.renderer.render(block, parser.options, {})
        first, end = span = _lines(block) or span
        lines[-1] = body_line + first
        lines += [body_line + min(first + row, end) for row in range(1, piece.count("\n") + 1)]
        html.append(piece)
    if html and not html[-1].endswith("\n"):
        html.append("\n")
        lines.append(lines[-1])
    return "".join(html), lines


def _leaves(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each block; columns and callouts are none, but what stands in them."""
    for block in top_blocks(tokens):
        if block[0].tag in _HOLDERS and len(block) > 1:
            yield block[:1]
            yield from _leaves(block[1:-1])
            yield block[-1:]
        else:
            yield block


def _lines(block: list[Token]) -> tuple[int, int] | None:
    """Return the first and the last line (from 0) of a top-level block."""
    spans = [token.map for token in block if token.map]
    return (spans[0][0], max(span[1] for span in spans) - 1) if spans else None
