"""Attributes behind an image or a link: `![alt](src){width=300}`, `[Label](url){.button}`.

Also as kramdown writes them, `{: width="50%"}`. What a mail has no use for (`target`, `rel`) is left out, so
that nothing of it is printed; braces that hold no attributes stay text.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.attrs.parse import ParseError, parse

ALLOWED = frozenset({"align", "class", "dir", "height", "id", "lang", "title", "width"})
SIZES = frozenset({"height", "width"})

_BRACES = re.compile(r"\{:?([^{}\n]+)\}")
_BARE_VALUE = re.compile(r"""=([^\s"'=]+)""")
_SIZE = re.compile(r"([0-9]{1,4})(?:px)?|([0-9]{1,3}%)")


def attributes_plugin(parser: MarkdownIt) -> None:
    """Let `parser` read attributes behind images and links."""
    parser.inline.ruler.push("attributes", _attributes)


def _attributes(state: StateInline, silent: bool) -> bool:
    if state.pending or not state.tokens or state.tokens[-1].type not in ("image", "link_close"):
        return False
    braces = _BRACES.match(state.src, state.pos)
    given = _read(braces.group(1)) if braces else None
    if braces is None or given is None:
        return False
    if not silent:
        opens = {"image": "image", "link_close": "link_open"}[state.tokens[-1].type]
        opening = next(token for token in reversed(state.tokens) if token.type == opens)
        for name, value in given.items():
            opening.attrSet(name, value)
    state.pos = braces.end()
    return True


def _read(inner: str) -> dict[str, str] | None:
    """Return the attributes to keep, or None if these are none."""
    try:
        _, found = parse("{" + _BARE_VALUE.sub(r'="\1"', inner) + "}")
    except ParseError:
        return None
    if not found:
        return None
    kept = {name: str(value) for name, value in found.items() if name in ALLOWED}
    return {name: _size(value) if name in SIZES else value for name, value in kept.items()}


def _size(value: str) -> str:
    """Return a size as HTML writes it: 300px is 300."""
    found = _SIZE.fullmatch(value.strip())
    return (found.group(1) or found.group(2)) if found else value
