"""Style rules put into the style attributes of a whole document, which otherwise stays as it was typed.

Premailer computes what each element gets; only that is written into the document. So no parser rearranges it,
and doctypes, conditional comments and whatever else a mail program reads in its own way are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from cssselect import SelectorError, parse
from lxml import etree

from mailer.compose.css.reading import StyleRule, read_sheet, read_style
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.inlining.inline import Inliner
from mailer.compose.symbolic.refusal import Refusal

NUMBER = "data-mailer-number"
KEPT = ' data-premailer="ignore"'
# Around what is ours, which the document's styles have no business in; the element itself is not mailed.
OWN = "mailer-own"


class Restyler(Inliner):
    """An Inliner that changes nothing but style attributes, and takes the style sheets out that it used."""

    def inline(self, html: str) -> str:
        """Return `html` with its `<style>` rules in style attributes; one with data-premailer stays."""
        tokens = list(read_html(html))
        self._elements = len(tokens)
        computed = self._computed([token for token, own in _owned(tokens) if not own])
        parts, position = [], 0
        while position < len(tokens):
            token = tokens[position]
            if token.name == OWN:
                pass
            elif token.kind is TokenKind.START and token.name == "style" and _is_used(token):
                position += 1
                while position < len(tokens) and not _ends_style(tokens[position]):
                    position += 1
            else:
                parts.append(_restyled(token, computed.get(token.start, "")))
            position += 1
        return "".join(parts)

    def _read_rules(self, css_body: str, ruleset_index: int) -> Any:
        """Return rules as premailer wants them, the weightiest last, and none that are left over."""
        rules: list[Any] = []
        for rule in read_sheet(css_body or ""):
            for important, bulk in enumerate(_by_weight(rule)):
                if bulk:
                    rules += [
                        ((important, *_specificity(each), ruleset_index, len(rules)), _whole(each), bulk)
                        for each in rule.selectors
                    ]
        return rules, []

    def _computed(self, tokens: list[HTMLToken]) -> dict[int, str]:
        """Return what the rules set for each element, by where its tag starts."""
        copy = "".join(map(_numbered, tokens))
        root = etree.fromstring(copy, etree.HTMLParser()) if copy.strip() else None
        if root is None:
            return {}
        try:
            page: Any = self.transform(root)
        except (AttributeError, IndexError, ValueError, etree.LxmlError, SelectorError) as error:
            raise Refusal(f"the document's styles can't be inlined: {error}") from error
        found = page.xpath(f"//*[@{NUMBER}][@style]")
        return {int(element.get(NUMBER)): element.get("style") for element in found}


def _owned(tokens: Iterable[HTMLToken]) -> Iterator[tuple[HTMLToken, bool]]:
    """Yield each token, and whether it is ours."""
    own = False
    for token in tokens:
        own = (own or token.name == OWN) and not (token.name == OWN and token.kind is TokenKind.END)
        yield token, own or token.name == OWN


def _by_weight(rule: StyleRule) -> tuple[str, str]:
    """Return the declarations of a rule, those that are important apart."""
    normal = "; ".join(each.text for each in rule.declarations if not each.important)
    return normal, "; ".join(each.weightless for each in rule.declarations if each.important)


def _specificity(selector: str) -> tuple[int, int, int]:
    return parse(selector)[0].specificity()


def _whole(selector: str) -> str:
    # Premailer cuts a selector at its first colon, except before :nth-child; n is any.
    return selector.replace(":", ":nth-child(n):", 1)


def _numbered(token: HTMLToken) -> str:
    """Return a tag with its number and without its own style: what is computed is the rules' alone."""
    if token.kind is not TokenKind.START:
        return "" if token.kind in (TokenKind.COMMENT, TokenKind.DECLARATION) else token.source
    attributes = "".join(
        f' {each.name}="{escape(each.value or "")}"' for each in token.attributes if each.name != "style"
    )
    return f'<{token.name} {NUMBER}="{token.start}"{attributes}{"/" if token.source.endswith("/>") else ""}>'


def _is_used(token: HTMLToken) -> bool:
    return token.get("data-premailer") != "ignore" and token.get("media") in (None, "", "all", "screen")


def _ends_style(token: HTMLToken) -> bool:
    return token.kind is TokenKind.END and token.name == "style"


def _restyled(token: HTMLToken, computed: str) -> str:
    if token.kind is TokenKind.START and token.name == "style":
        return token.source.replace(KEPT, "", 1)
    if not computed or token.kind is not TokenKind.START:
        return token.source
    own = next((each for each in token.attributes if each.name == "style"), None)
    typed = (own.value or "").strip() if own else ""
    names = {each.name for each in read_style(typed)}
    added = [each.text for each in read_style(computed) if each.name not in names]
    style = "; ".join([*added, *([typed] if typed else [])])
    attribute = f'style="{_quoted(style)}"'
    if own:
        return token.source[: own.start] + attribute + token.source[own.end :]
    name = re.match(r"<[^\s/>]+", token.source)
    assert name
    return f"{name.group()} {attribute}{token.source[name.end() :]}"


def _quoted(style: str) -> str:
    style = style if "'" in style else style.replace('"', "'")
    return escape(style, quote=False).replace('"', "&quot;")
