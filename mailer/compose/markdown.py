"""Markdown as markdown-it reads it (CommonMark, tables, strikethrough, footnotes), with tags as words.

Smart typography and auto-linking are off: every character arrives as it was typed.
"""

from __future__ import annotations

from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from mailer.compose.marks import Marked, mark
from mailer.compose.offered import Recogniser
from mailer.compose.tag import CONTROL
from mailer.errors import IssueError

BLOCK_TAG = "block_tag"
CODE = frozenset({"code_inline", "code_block", "fence"})


def parse_markdown(marked: Marked, path: str) -> list[Token]:
    """Return the block tokens of a marked Markdown text; what stands in code is as it was typed.

    A control tag alone on its line is a `block_tag` token between blocks. Raise IssueError for a table row
    wrapped in tags.
    """
    tokens = _parser(marked).parse(marked.text)
    _refuse_half_tables(tokens, marked, path)
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")  # says to a screen reader what the cells below are about
        for each in (token, *(token.children or ())):
            if each.type in CODE:
                each.content = marked.restore(each.content)
                each.info = marked.restore(each.info)
    return tokens


def _parser(marked: Marked) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "xhtmlOut": False})
    parser.enable(["table", "strikethrough"]).use(footnote_plugin)
    ends: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    likely = _likely(marked)

    def block_tag(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        numbers = marked.numbers(line)
        if state.is_code_block(start) or not numbers or marked.pattern.sub("", line).strip():
            return False
        if not likely.issuperset(numbers):
            return False
        if not silent:
            state.line = start + 1
            token = state.push(BLOCK_TAG, "", 0)
            token.map, token.content = [start, start + 1], line.strip()
        return True

    parser.block.ruler.before("table", BLOCK_TAG, block_tag, ends)
    parser.add_render_rule(BLOCK_TAG, lambda _self, tokens, index, *_: tokens[index].content + "\n")
    return parser


def _likely(marked: Marked) -> frozenset[int]:
    """Return the control tags that are probably ours, before it is known what is code.

    This only says where a block ends; whether a tag is ours is decided when elements are known.
    """
    recogniser, likely = Recogniser(""), set[int]()
    for number, candidate in enumerate(marked.candidates):
        try:
            ours = recogniser.recognise(candidate)
        except IssueError:
            ours = True
        if ours and candidate.keyword in CONTROL:
            likely.add(number)
    return frozenset(likely)


def _refuse_half_tables(tokens: list[Token], marked: Marked, path: str) -> None:
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


def first_heading(body: str) -> tuple[str, int, int] | None:
    """Return the text of the first top-level H1 and its lines (from 0, the end excluded), or None."""
    marked = mark(body, 1, escapes=True)
    parser = _parser(marked)
    tokens = parser.parse(marked.text)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0 and token.map:
            title = RendererHTML().renderInlineAsText(inline.children, parser.options, {})
            first, end = token.map
            return marked.restore(title).replace("\n", " "), first, end
    return None


def all_texts(body: str) -> list[str]:
    """Return the text of each paragraph, heading and cell, in order and without its markup."""
    marked = mark(body, 1, escapes=True)
    parser = _parser(marked)
    blocks = (token for token in parser.parse(marked.text) if token.type == "inline")
    texts = (RendererHTML().renderInlineAsText(block.children, parser.options, {}) for block in blocks)
    return [marked.restore(text) for text in texts]


def render_markdown(tokens: list[Token], marked: Marked, body_line: int) -> tuple[str, list[int]]:
    """Return the HTML of `tokens`, marks in place, and for each of its lines the issue's line."""
    parser = _parser(marked)
    html, lines = [], [body_line]
    for block in _blocks(tokens):
        piece = parser.renderer.render(block, parser.options, {})
        first, end = _lines(block)
        lines[-1] = body_line + first
        lines += [body_line + min(first + row, end) for row in range(1, piece.count("\n") + 1)]
        html.append(piece)
    return "".join(html), lines


def _blocks(tokens: list[Token]) -> list[list[Token]]:
    """Return the tokens of each top-level block."""
    blocks: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if depth == 0 and blocks[-1]:
            blocks.append([])
        blocks[-1].append(token)
        depth += token.nesting
    return blocks


def _lines(block: list[Token]) -> tuple[int, int]:
    """Return the first and the last line (from 0) of a top-level block."""
    spans = [token.map for token in block if token.map]
    return (spans[0][0], max(span[1] for span in spans) - 1) if spans else (0, 0)
