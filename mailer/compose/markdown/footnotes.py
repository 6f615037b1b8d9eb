"""Footnotes, every one of them: those that nothing refers to, and second ones of the same name, too."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.footnote import footnote_plugin


def notes_plugin(parser: MarkdownIt) -> None:
    """Let `parser` read footnotes; the first of a name is the one that is referred to."""
    parser.use(footnote_plugin)
    parser.core.ruler.before("footnote_tail", "unreferred_notes", _number_all)
    parser.core.ruler.after("footnote_tail", "unreferred_anchors", _drop_anchors)
    # The layout draws the line above; a note that is referred to twice has one number.
    parser.add_render_rule("footnote_block_open", lambda *_: '<section class="footnotes">\n<ol>\n')
    parser.add_render_rule(
        "footnote_caption", lambda _self, tokens, index, *_: f"[{tokens[index].meta['id'] + 1}]"
    )


def _number_all(state: StateCore) -> None:
    """Give a number to each footnote that has none, so that the library does not drop it."""
    notes = state.env.get("footnotes", {})
    numbered, named = notes.get("list", {}), set[str]()
    for token in state.tokens:
        if token.type != "footnote_reference_open":
            continue
        label = str(token.meta["label"])
        referred = notes["refs"].get(f":{label}", -1) >= 0
        if label in named or not referred:
            # No label that was typed holds a line feed.
            token.meta["label"] = f"{label}\n{len(numbered)}"
            notes.setdefault("list", numbered)
            numbered[len(numbered)] = {"label": token.meta["label"], "count": 0}
        named.add(label)


def _drop_anchors(state: StateCore) -> None:
    """Drop the way back from a footnote to a reference that isn't there."""
    notes = state.env.get("footnotes", {}).get("list", {})
    state.tokens = [
        token
        for token in state.tokens
        if token.type != "footnote_anchor"
        or notes[token.meta["id"]].get("count", 1)
        or "content" in notes[token.meta["id"]]
    ]
