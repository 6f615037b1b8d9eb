"""Styles put into style attributes, once an issue, and the proof that this was right for every recipient.

Premailer sees the issue with tokens, and all branches of every recipient's `if` at once. That is right only
if it would have done the same to the document that one recipient gets, so this is tried: for each branch in
turn, *inline, then choose* has to equal *choose, then inline*.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from cssselect import SelectorError
from lxml.etree import LxmlError

from mailer.compose.css.reading import read_sheet
from mailer.compose.html.addresses import keeping_addresses
from mailer.compose.html.measure import LESS, MOST_MATCHES, MOST_RULES, too_many_rules
from mailer.compose.inlining.offline import Premailer
from mailer.compose.inlining.places import Places, check_containers, check_selectors, read_places
from mailer.compose.inlining.trials import count_beside, trials
from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.structure import Piece, choose, read_structure
from mailer.compose.symbolic.tokens import Tokens

# So many take some seconds; an issue whose styles call for more is refused.
MOST_TRIALS = 500
INLINED_RULES = frozenset({"", "media", "charset"})

_DOCTYPE = re.compile(r"\s*(<!doctype[^>]*>)\s*", re.IGNORECASE)


class Inliner(Premailer):  # type: ignore[misc]
    """Premailer, but that it reads a sheet once, however many branches are tried, and loses none of it."""

    def __init__(self) -> None:
        super().__init__(
            strip_important=False,  # True would strip it inside @media too
            allow_network=False,  # else it fetches <link rel=stylesheet>; for @import see below
            # Else `img { width: 100% }` becomes width="100%", and rules for text become attributes too.
            disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
            disable_validation=True,  # of mso-… and the like
            cssutils_logging_level=logging.CRITICAL,
            cache_css_parsing=False,  # that cache is for ever; see `_parse_style_rules`
        )
        self._rules: dict[tuple[str, int], Any] = {}
        self._counted = 0  # rules
        self._matches = 0
        self._elements = 0  # of the document that is being inlined

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> Any:
        key = (css_body, ruleset_index)
        if key not in self._rules:
            self._counted += (css_body or "").count("{")
            if self._counted > MOST_RULES:
                raise Refusal(too_many_rules(self._counted), next_step=LESS)
            self._rules[key] = self._read_rules(css_body, ruleset_index)
        self._matches += self._elements * len(self._rules[key][0])
        if self._matches > MOST_MATCHES:
            raise Refusal(
                f"to match the rules with the elements takes more than {MOST_MATCHES:,} steps", next_step=LESS
            )
        return self._rules[key]

    def _read_rules(self, css_body: str, ruleset_index: int) -> Any:
        """Return the rules of a sheet as premailer wants them: those to inline, and those that are left."""
        # In a style attribute !important would beat the @media rules; order and weight are settled here.
        self.strip_important = True
        read = super()._parse_style_rules(css_body, ruleset_index)
        self.strip_important = False
        return read

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        rules = read_sheet(css_body)
        for rule in rules:
            if rule.at not in INLINED_RULES:
                raise Refusal(
                    f"{rule.prelude} can't be inlined",
                    next_step='Put it into a <style data-premailer="ignore"> of its own, which is kept whole',
                )
        # Only what was read here: what else cssutils takes for an @import, it gets from the network.
        return super()._parse_css_string("\n".join(map(str, rules)), validate)

    def selectors(self) -> set[str]:
        """Return the selectors of all rules inlined so far."""
        return {selector for rules, _ in self._rules.values() for _, selector, _ in rules}

    def inline(self, html: str) -> str:
        """Return an HTML document with its `<style>` rules in style attributes.

        Rules for `@media` and pseudo-classes stay; a `<style data-premailer="ignore">` stays whole. Nothing
        is fetched. An empty document stays empty.
        """
        if not html.strip():
            return ""
        self._elements = html.count("<")
        try:
            inlined = keeping_addresses(
                html, lambda spelled: str(self.transform(spelled, pretty_print=False))
            )
        except (AttributeError, IndexError, ValueError, LxmlError, SelectorError) as error:
            raise Refusal(f"the page can't be read: {error}", next_step="Is there a <body>?") from error
        doctype = _DOCTYPE.match(html)
        if doctype and not _DOCTYPE.match(inlined):
            return f"{doctype.group(1)}\n{inlined}"
        return inlined


def inline_deferred(html: str, tokens: Tokens, inliner: Inliner) -> tuple[str, Places]:
    """Return `html`, which has tokens in it, as `inliner` inlines it, and where its tokens stand then.

    Raises Refusal where a recipient's value stands where none may, or where inlining for all recipients at
    once would not be right for each.
    """
    check_selectors(read_places(html, tokens))
    inlined = inliner.inline(html)
    if tokens.read(html) != tokens.read(inlined):
        raise Refusal(
            "inlining styles loses a recipient's value or moves it; is the HTML around it complete?"
        )
    reading = read_places(inlined, tokens)
    check_containers(reading.spots)
    check_branches(inliner, read_structure(html, tokens), read_structure(inlined, tokens))
    return inlined, reading


def check_branches(inliner: Inliner, before: list[Piece], after: list[Piece]) -> None:
    """Raise Refusal if choosing branches and inlining don't commute; `after` is `before` inlined."""
    beside = count_beside(inliner.selectors())
    tried = set[str]()
    for group, choice in trials(before, beside=beside > 0):
        chosen = choose(before, choice)
        if chosen in tried:
            continue
        tried.add(chosen)
        if beside > 1 or len(tried) > MOST_TRIALS or inliner.inline(chosen) != choose(after, choice):
            raise Refusal(
                "the styles of the mail would depend on what a recipient gets here",
                next_step="Close every element in the part it was opened in, and style by class,"
                " not by place (p:first-child, p + p)",
                origin=group.opening.origin,
            )
