"""Paragraphs that are nothing but pictures or buttons: figures with captions, and rows of buttons."""

from __future__ import annotations

from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from mailer.compose.markdown.pieces import component

BUTTON = "button"
_GONE = "gone"
BREAK = "component_break"  # between two buttons: their tables stand below each other by themselves


def pictures_plugin(parser: MarkdownIt, is_between: Callable[[str], bool]) -> None:
    """Let `parser` make figures and buttons; `is_between` says whether a text leaves a button alone."""

    def pictures(state: StateCore) -> None:
        changed: list[Token] = []
        for position, token in enumerate(state.tokens):
            changed.append(token)
            if token.type != "inline":
                continue
            begin, end = _paragraph_around(state.tokens, position)
            if begin and end and _is_figure(token):
                changed[-2:] = _figure(token)
                end.type = _GONE
            elif _made_buttons(token, is_between) and begin and end:
                begin.hidden = end.hidden = True
        state.tokens = [token for token in changed if token.type != _GONE]

    def line_break(*_: object) -> str:
        return "\n"

    parser.core.ruler.push("pictures", pictures)
    parser.add_render_rule(BREAK, line_break)


def _paragraph_around(tokens: list[Token], position: int) -> tuple[Token | None, Token | None]:
    """Return the tokens around an inline one if they are those of a paragraph that is shown as such."""
    before = tokens[position - 1] if position else None
    if before and before.type == "paragraph_open" and not before.hidden:
        return before, tokens[position + 1]
    return None, None


def _is_figure(token: Token) -> bool:
    kinds = [child.type for child in token.children or () if child.type != "text" or child.content.strip()]
    return kinds in (["image"], ["link_open", "image", "link_close"])


def _figure(token: Token) -> list[Token]:
    """Return a figure; the picture's title becomes its caption."""
    image = next(child for child in token.children or () if child.type == "image")
    tokens = [component("mail-figure", 1, token), token]
    if title := str(image.attrs.pop("title", "")):
        caption, text = Token("inline", "", 0), Token("text", "", 0)
        caption.map, caption.content, caption.level = token.map, title, token.level
        text.content, caption.children = title, [text]
        tokens += [component("figcaption", 1, token), caption, component("figcaption", -1, token)]
    return [*tokens, component("mail-figure", -1, token)]


def _made_buttons(token: Token, is_between: Callable[[str], bool]) -> bool:
    """Make buttons of `token`'s links if it has nothing else; return whether that is so."""
    children = token.children or []
    opened = [child for child in children if child.type == "link_open" and _take_class(child)]
    if not opened:
        return False
    depth = 0
    for child in children:
        depth += child.nesting
        inside = depth > 0 or child.nesting < 0
        if child.type == "link_open" and child not in opened:
            return False
        if not inside and not (child.type in ("softbreak", "hardbreak") or is_between(child.content)):
            return False
    token.children = [made for child in children for made in _button(child)]
    return True


def _button(child: Token) -> list[Token]:
    match child.type:
        case "link_open":
            return [component("mail-button", 1, child, inline=True), child]
        case "link_close":
            return [child, component("mail-button", -1, child, inline=True)]
        case "softbreak" | "hardbreak":
            return [Token(BREAK, "", 0)]
        case "text" if not child.content.strip():
            return [Token(BREAK, "", 0)]
    return [child]


def _take_class(link: Token) -> bool:
    """Take the class that makes a button off a link; return whether it had it."""
    classes = str(link.attrs.get("class", "")).split()
    if BUTTON not in classes:
        return False
    link.attrs.pop("class")
    if others := [name for name in classes if name != BUTTON]:
        link.attrSet("class", " ".join(others))
    return True
