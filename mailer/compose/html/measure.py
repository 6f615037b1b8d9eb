"""How much HTML and CSS a mail may have: what takes minutes ends in a clear error instead.

Tags, attributes, rules and matches are counted, not seconds, so that an issue is refused on every machine or
on none. Gmail clips a mail at 102,400 octets; the largest that is ever sent has a tenth of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.compose.html.tokens import HTMLToken, TokenKind

MOST_MARKUP = 50_000  # tags and attributes
MOST_ATTRIBUTES = 1_000  # of one tag: libxml2 compares each with all others
MOST_RULES = 3_000
MOST_DECLARATIONS = 20_000
MOST_COMPONENTS = 1_000  # buttons, callouts, columns: each is a call of a macro
MOST_MATCHES = 20_000_000  # of a selector with an element, however often the styles are inlined
# In a template's style sheet braces are tags, too.
_RULE = re.compile(r"(?<!\{)\{(?![{%#])")
LESS = "Take out what nobody will see: rules that nothing uses, empty elements, attributes of editors"


def excess(tokens: Iterator[HTMLToken], *, styled: bool) -> tuple[HTMLToken, str] | None:
    """Return the first tag that is too much, with what to say of it; None if all can be read.

    The rules of style sheets count where they are `styled` with.
    """
    markup = rules = declarations = components = 0
    for token in tokens:
        if token.kind in (TokenKind.START, TokenKind.END):
            markup += 1 + len(token.attributes)
            components += token.kind is TokenKind.START and token.name.startswith("mail-")
            if problem := _too_many(token, markup, components):
                return token, problem
        elif styled and token.kind is TokenKind.RAW and token.name == "style":
            rules += len(_RULE.findall(token.source))
            declarations += token.source.count(";")
            if rules > MOST_RULES:
                return token, too_many_rules(rules)
            if declarations > MOST_DECLARATIONS:
                return token, f"the style sheets have more than {MOST_DECLARATIONS:,} declarations"
    return None


def _too_many(token: HTMLToken, markup: int, components: int) -> str:
    if len(token.attributes) > MOST_ATTRIBUTES:
        return f"<{token.name}> has {len(token.attributes):,} attributes; at most {MOST_ATTRIBUTES:,}"
    if markup > MOST_MARKUP:
        return f"there are more than {MOST_MARKUP:,} tags and attributes"
    if components > MOST_COMPONENTS:
        return f"there are more than {MOST_COMPONENTS:,} buttons, callouts and columns"
    return ""


def too_many_rules(rules: int) -> str:
    """Return what to say of so many rules."""
    return f"the style sheets have {rules:,} rules; at most {MOST_RULES:,}"
