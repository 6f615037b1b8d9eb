"""The style sheets of an HTML text, each divided into what is inlined and what is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.compose.document.restyle import KEPT
from mailer.compose.document.stylesheet import divide, families, inlined_families, outlook_rules, strengthen
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html

_NOT_OUTLOOK = re.compile(r"<!--\[if !mso[^\]]*\]><!--|<!\[if !mso", re.IGNORECASE)


def keep_styles(html: str) -> str:
    """Return an HTML text whose style sheets say which of their rules are to be kept as they are."""
    tokens = list(read_html(html))
    typed = families(style for token in tokens if (style := token.get("style")))
    contested = frozenset[str]().union(
        *(inlined_families(sheet.css) for sheet in sheets(tokens) if sheet.for_all)
    )
    parts, position = [], 0
    for sheet in sheets(tokens):
        tag = sheet.tag
        kept_tag = tag.source[:6] + KEPT + tag.source[6:]
        if sheet.for_all:
            inlined, kept = divide(sheet.css, contested, typed)
            written = f"<style>{inlined}</style>" if inlined else ""
            written += f"{kept_tag}{kept}</style>" if kept else ""
        else:
            written = f"{kept_tag}{strengthen(sheet.css, contested)}</style>"
        parts += [html[position : tag.start], _in_lines(written, html.count("\n", tag.start, sheet.end))]
        position = sheet.end
    return "".join([*parts, html[position:]])


def for_outlook(html: str, *, by_element: bool) -> str:
    """Return `html` with the rules that are about what only Outlook reads kept for it in a sheet of its own.

    What stands in a conditional comment gets no style attributes. Those rules are meant that name a class or
    id of it; with `by_element` also those that name only elements.
    """
    tokens = list(read_html(html))
    names = frozenset[str]().union(*(_names_in(each.comment) for each in tokens if is_conditional(each)))
    parts, position = [], 0
    for sheet in sheets(tokens) if names else ():
        rules = outlook_rules(sheet.css, names, by_element=by_element) if sheet.for_all else ""
        if rules:
            parts += [html[position : sheet.end], f"<!--[if mso]><style>{rules}</style><![endif]-->"]
            position = sheet.end
    return "".join([*parts, html[position:]])


def is_conditional(token: HTMLToken) -> bool:
    """Whether a token is a comment that Outlook reads."""
    return token.kind is TokenKind.COMMENT and token.comment.startswith("[if")


def _names_in(comment: str) -> Iterator[str]:
    """Yield the elements, classes (`.x`) and ids (`#x`) in a conditional comment."""
    for token in read_html(comment):
        if token.kind is TokenKind.START:
            yield token.name
            yield from (f".{each}" for each in (token.get("class") or "").split())
            yield f"#{token.get('id') or ''}"


def _in_lines(text: str, breaks: int) -> str:
    """Return `text` with so many line ends, so that what follows keeps its line number."""
    if text.count("\n") > breaks:
        text = text.replace("\n", " ")
    return text + "\n" * (breaks - text.count("\n"))


@dataclass(frozen=True, slots=True)
class StyleElement:
    """One style element: its tag, its text and where it ends; `for_all` if for every screen and program."""

    tag: HTMLToken
    css: str
    end: int
    for_all: bool


def sheets(tokens: list[HTMLToken]) -> Iterator[StyleElement]:
    """Yield the style sheets among these tokens, but for those that say already that they are to be kept."""
    not_outlook = False
    for number, token in enumerate(tokens):
        if _NOT_OUTLOOK.match(token.source):
            not_outlook = True
        elif "<![endif]" in token.source:
            not_outlook = False
        if token.kind is TokenKind.START and token.name == "style" and token.get("data-premailer") is None:
            css = "".join(
                each.source for each in tokens[number + 1 : number + 2] if each.kind is TokenKind.RAW
            )
            closed = tokens[number + (2 if css else 1) :][:1]
            end = closed[0].end if closed else token.end + len(css)
            media = (token.get("media") or "all").strip().lower()
            yield StyleElement(token, css, end, media in ("all", "screen") and not not_outlook)
