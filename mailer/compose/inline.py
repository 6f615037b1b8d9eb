"""Styles put into style attributes, once an issue, and the proof that this was right for every recipient.

Premailer sees the issue with tokens, and all arms of every recipient's `if` at once. That is right only if it
would have done the same to the document that one recipient gets, so this is tried: for each arm in turn,
*inline, then choose* has to equal *choose, then inline*.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from premailer import Premailer

from mailer.compose.places import Reading, check_containers, check_selectors, read_places
from mailer.compose.structure import Group, Piece, choose, groups, read_structure
from mailer.compose.tokens import Refusal, Role, Tokens

ROUNDS = (0, 1, 2, 3)

_DOCTYPE = re.compile(r"\s*(<!doctype[^>]*>)\s*", re.IGNORECASE)


def inline_styles(html: str) -> str:
    """Return an HTML document with its `<style>` rules in style attributes.

    Rules for `@media` and pseudo-classes stay where they are; a `<style data-premailer="ignore">` stays whole.
    Nothing is fetched. An empty document stays empty.
    """
    if not html.strip():
        return ""
    inlined: str = Premailer(
        strip_important=False,  # True would strip it inside @media too
        allow_network=False,  # else it fetches <link rel=stylesheet>
        # Else `img { width: 100% }` becomes width="100%", and rules for text become attributes too.
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        disable_validation=True,  # of mso-… and the like
        cssutils_logging_level=logging.CRITICAL,
    ).transform(html, pretty_print=False)
    doctype = _DOCTYPE.match(html)
    if doctype and not _DOCTYPE.match(inlined):
        return f"{doctype.group(1)}\n{inlined}"
    return inlined


def inline_deferred(html: str, tokens: Tokens) -> tuple[str, Reading]:
    """Return `html`, which has tokens in it, with its styles inlined, and where its tokens stand then.

    Raises Refusal where a recipient's value stands where none may, or where inlining for all recipients at once
    would not be right for each.
    """
    check_selectors(read_places(html, tokens))
    inlined = inline_styles(html)
    if tokens.read(html) != tokens.read(inlined):
        raise Refusal(
            "inlining styles loses a recipient's value or moves it; is the HTML around it complete?"
        )
    reading = read_places(inlined, tokens)
    check_containers(reading.spots)
    check_arms(read_structure(html, tokens), read_structure(inlined, tokens))
    return inlined, reading


def check_arms(before: list[Piece], after: list[Piece]) -> None:
    """Raise Refusal if choosing arms and inlining don't commute; `after` is `before` inlined."""
    for group, choice in _choices(before):
        if inline_styles(choose(before, choice)) != choose(after, choice):
            raise Refusal(
                "the styles of the mail would depend on what a recipient gets here",
                next_step="Close every element in the part it was opened in, and style by class,"
                " not by place (p:first-child, p + p)",
                origin=group.opening.origin,
            )


def _choices(pieces: list[Piece]) -> Iterator[tuple[Group, dict[int, int]]]:
    """Yield, for each group and each way to take it, what is chosen for it and for those around it."""
    found = list(groups(pieces))
    if found:
        yield found[0][0], {group.number: 0 for group, _ in found}
        yield found[0][0], {}
    for group, way in found:
        for times in ROUNDS if group.opening.role is Role.FOR else ROUNDS[:2]:
            choice = {number: 1 - arm for number, arm in way} | {group.number: times}
            if any(value != 1 for value in choice.values()):
                yield group, choice
