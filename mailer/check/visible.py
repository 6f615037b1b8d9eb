"""The rule about an unsubscribe link that is there, and that nobody can see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from mailer.check.cascade import Cascade
from mailer.check.colour import contrast
from mailer.check.contrast import IN_LIGHT, texts
from mailer.check.css import Block
from mailer.check.finding import Severity
from mailer.check.rule import Remark, Rule, remark
from mailer.check.sheet import Sheet

# What is less is no text to anybody; what is merely hard to read is the rule about contrast.
_LEAST_CONTRAST = 1.5
_LEAST_PIXELS = 4.0
_FAINT = "its text has no size, or the colour of what is behind it"
_MOST_SCREENS = 5  # media queries; a mail has one or two
# From 500 pixels on it is out of the mail.
_AWAY = re.compile(r"-(?:[5-9]\d\d|\d{4,})(?:\.\d+)?(?:px|em|rem|%)?")
_NOTHING = re.compile(r"0(?:\.0+)?(?:px|pt|em|rem|%)?|1px")
_GONE = re.compile(r"scale\(0(?:\.0+)?[,)]|inset\((?:50|100)%|rect\(0|circle\(0|opacity\(0")


def hidden_unsubscribe(sheet: Sheet) -> Iterator[Remark]:
    """Look whether a reader can see a way out: on every screen, and with what any of them adds."""
    links = [link for link in sheet.elements("a", "area") if link.get("href") == sheet.unsubscribe_url]
    always = [block for block in sheet.styles if not block.at]
    screens = {"": always}
    for block in filter(_is_seen, sheet.styles):
        where = f" for {block.prelude}"
        if where in screens or len(screens) <= _MOST_SCREENS:
            screens[where] = [*screens.get(where, always), *block.blocks]
    for where, rules in screens.items() if links else ():
        cascade = Cascade(sheet.document, rules)
        read = _read(sheet, cascade)
        reasons = [_hidden(link, cascade, read) for link in links]
        if all(reasons):
            yield remark(sheet, links[-1], f"nobody can see the unsubscribe link{where}: {reasons[-1]}")
            return


def _is_seen(block: Block) -> bool:
    return block.at == "media" and "print" not in block.prelude and "prefers-color" not in block.prelude


def _hidden(link: HtmlElement, cascade: Cascade, read: set[HtmlElement]) -> str:
    """Return why a link can't be seen; "" if it can. `read` are the elements whose text can be."""
    for element in (link, *link.iterancestors()):
        if reason := _hides(element, cascade.style(element)):
            return reason
    if link.tag == "area" or next(link.iter("img"), None) is not None or not read.isdisjoint(link.iter()):
        return ""
    return "it has no text" if not link.text_content().strip() else _FAINT


def _read(sheet: Sheet, cascade: Cascade) -> set[HtmlElement]:
    """Return the elements with text that is large enough, and not of the colour of what is behind it."""
    return {
        element
        for element, _, look in texts(sheet.document.body, IN_LIGHT, cascade)
        if look.pixels >= _LEAST_PIXELS
        and (
            look.ink is None
            or look.paper is None
            or contrast(look.ink.over(look.paper), look.paper) >= _LEAST_CONTRAST
        )
    }


def _hides(element: HtmlElement, style: dict[str, str]) -> str:
    """Return what takes an element, and all that is in it, out of sight."""
    if element.get("hidden") is not None and "display" not in style:
        return "hidden"
    for name, written in style.items():
        value = " ".join(written.lower().split())
        if _is_out_of_sight(name, value, style):
            return f"{name}: {value}"
    return ""


def _is_out_of_sight(name: str, value: str, style: dict[str, str]) -> bool:
    match name:
        case "display":
            return value == "none"
        case "opacity":
            return _NOTHING.fullmatch(value) is not None and value != "1px"
        case "height" | "max-height" | "width" | "max-width":
            return _NOTHING.fullmatch(value) is not None and style.get("overflow", "") in ("hidden", "clip")
        case "left" | "top" | "right" if style.get("position", "static") != "static":
            return _AWAY.match(value) is not None
        case "margin-left" | "margin-top" | "text-indent":
            return _AWAY.match(value) is not None
        case "transform" | "clip" | "clip-path" | "filter":
            return _GONE.search(value.replace(" ", "")) is not None
    return False


RULES = (
    Rule(
        "unsubscribe-hidden",
        Severity.ERROR,
        hidden_unsubscribe,
        "Let everybody see it: take out what hides it, or leave the link out of the document, so that one is"
        " added.",
    ),
)
