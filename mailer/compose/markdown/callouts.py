"""Callouts: what they are called elsewhere, and the tokens that one begins with."""

from __future__ import annotations

import re

from markdown_it.token import Token

from mailer.compose.components import CALLOUT_KINDS
from mailer.compose.markdown.pieces import component, paragraph

# Ours first; then what GitHub, Obsidian, VuePress and Docusaurus call the same.
CALLOUTS = {kind: kind for kind in CALLOUT_KINDS} | {
    "info": "note",
    "hint": "tip",
    "caution": "warning",
    "danger": "warning",
}

_ALERT = re.compile(r"\[!([A-Za-z]+)\][-+]?[ \t]*([^\n]*)(?:\n|\Z)")


def callout_open(name: str, title: str, where: Token) -> list[Token]:
    """Return the tokens that begin a callout; a `title` is Markdown, and may be empty."""
    begin = component("mail-callout", 1, where)
    begin.attrSet("kind", CALLOUTS[name])
    return [begin, *(paragraph(title, where, "callout-title") if title else ())]


def read_alert(content: str) -> tuple[str, str, str] | None:
    """Return the kind, the title and the rest of a quotation that begins with `[!NOTE]`, else None."""
    found = _ALERT.match(content)
    name = found.group(1).lower() if found else ""
    if not found or name not in CALLOUTS:
        return None
    return name, found.group(2).strip(), content[found.end() :]
