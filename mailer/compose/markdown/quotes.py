"""Quotations that are more: callouts (`> [!NOTE]`), and quotes with an attribution (`> — somebody`)."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from mailer.compose.markdown.pieces import CALLOUTS, callout_open, component, top_blocks

_ALERT = re.compile(r"\[!([A-Za-z]+)\][-+]?[ \t]*([^\n]*)(?:\n|\Z)")
_DASH = re.compile(r"[—–―]")


def quotes_plugin(parser: MarkdownIt) -> None:
    """Let `parser` tell callouts and attributed quotes from other quotations."""
    parser.core.ruler.before("inline", "quotes", _quotes)


def _quotes(state: StateCore) -> None:
    state.tokens = _changed(state.tokens)


def _changed(tokens: list[Token]) -> list[Token]:
    changed: list[Token] = []
    for block in top_blocks(tokens):
        if len(block) < 3:
            changed += block
            continue
        inner = _changed(block[1:-1])
        if block[0].type == "blockquote_open" and inner:
            changed += _callout(block, inner) or _attributed(block, inner) or [block[0], *inner, block[-1]]
        else:
            changed += [block[0], *inner, block[-1]]
    return changed


def _callout(block: list[Token], inner: list[Token]) -> list[Token]:
    alert = _alert(inner[1].content) if inner[0].type == "paragraph_open" else None
    if not alert:
        return []
    name, title, rest = alert
    inner[1].content = rest
    first = inner if rest.strip() else inner[3:]
    end = component("mail-callout", -1, block[-1])
    return [*callout_open(name, title, block[0]), *first, end]


def _alert(content: str) -> tuple[str, str, str] | None:
    """Return the kind, the title and the rest of a quotation that begins with `[!NOTE]`, else None."""
    found = _ALERT.match(content)
    name = found.group(1).lower() if found else ""
    if not found or name not in CALLOUTS:
        return None
    return name, found.group(2).strip(), content[found.end() :]


def _attributed(block: list[Token], inner: list[Token]) -> list[Token]:
    """Return an attributed quote: its last paragraph begins with a dash, and the one before doesn't.

    A dialogue has a dash before each paragraph, in many languages.
    """
    before, last = ([], *top_blocks(inner))[-2:]
    if not _begins_with_dash(last) or not before or _begins_with_dash(before):
        return []
    last[0].attrSet("class", "attribution")
    return [component("mail-quote", 1, block[0]), *inner, component("mail-quote", -1, block[-1])]


def _begins_with_dash(block: list[Token]) -> bool:
    return bool(block) and block[0].type == "paragraph_open" and bool(_DASH.match(block[1].content))
