"""The Markdown that issues are written in: markdown-it with its plugins, set up for a text with marks."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock

from mailer.compose.markdown.attributes import attributes_plugin
from mailer.compose.markdown.containers import containers_plugin
from mailer.compose.markdown.footnotes import notes_plugin
from mailer.compose.markdown.pictures import pictures_plugin
from mailer.compose.markdown.pieces import BLOCK_TAG, paragraph
from mailer.compose.markdown.quotes import quotes_plugin
from mailer.compose.markdown.tables import tables_plugin
from mailer.compose.tags.likely import Likely
from mailer.compose.text.links import links_plugin

# Lists and quotations in each other: a list counts twice. Markdown inside of that is shown as it was typed.
MOST_NESTED = 40
_ENDS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def markdown_parser(likely: Likely) -> MarkdownIt:
    """Return a parser for a marked text, of whose marks these are likely tags."""
    marked = likely.marked
    options = {"html": True, "xhtmlOut": False, "linkify": True, "maxNesting": MOST_NESTED + 4}
    parser = MarkdownIt("commonmark", options)
    parser.enable(["table", "strikethrough"])
    links_plugin(parser, marked, likely.values)
    notes_plugin(parser)
    attributes_plugin(parser)
    containers_plugin(parser)
    quotes_plugin(parser)
    tables_plugin(parser)
    pictures_plugin(parser, likely.are_controls)

    def block_tag(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        if state.is_code_block(start) or not marked.numbers(line) or not likely.are_controls(line):
            return False
        if not silent:
            state.line = start + 1
            token = state.push(BLOCK_TAG, "", 0)
            token.map, token.content = [start, start + 1], line.strip()
        return True

    parser.block.ruler.before("table", BLOCK_TAG, block_tag, _ENDS)
    parser.block.ruler.before(BLOCK_TAG, "too_deep", _too_deep)
    parser.add_render_rule("hr", lambda *_: "<mail-divider></mail-divider>\n")
    parser.add_render_rule(BLOCK_TAG, lambda _self, tokens, index, *_: tokens[index].content + "\n")
    return parser


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take what is nested too deeply as text; markdown-it would drop it without a word."""
    if state.level < MOST_NESTED:
        return False
    if not silent:
        ends = (line for line in range(start, min(end, state.lineMax)) if _is_outside(state, line))
        state.line = next(ends, min(end, state.lineMax))
        content = state.getLines(start, state.line, state.blkIndent, False).strip()
        for token in paragraph(content, state.tokens[-1]):
            token.map = [start, state.line]
            state.tokens.append(token)
    return True


def _is_outside(state: StateBlock, line: int) -> bool:
    return not state.isEmpty(line) and state.sCount[line] < state.blkIndent
