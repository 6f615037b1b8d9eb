"""The rule about contrast, in light and in dark: text that can't be read on what is behind it.

Only what can be computed is judged: a picture or a gradient behind the text, an opacity, a variable that
nothing sets, or in the dark a background that the mail leaves to the mail program are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

from mailer.check.cascade import Applied, Cascade, applied
from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, remark, rule, short
from mailer.compose.css.colour import BLACK, WHITE, Colour, read_colour

# WCAG 2.2, 1.4.3: text, and large text (from 24 px, or bold from 18.66 px).
ENOUGH, ENOUGH_IF_LARGE = 4.5, 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66
_LINK = Colour(0, 0, 238)


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How text looks at one place; None is what can't be known."""

    ink: Colour | None
    paper: Colour | None
    pixels: float = 16.0
    bold: bool = False
    shown: bool = True

    @property
    def enough(self) -> float:
        large = self.pixels >= _LARGE or (self.bold and self.pixels >= _LARGE_BOLD)
        return ENOUGH_IF_LARGE if large else ENOUGH


IN_LIGHT = TextStyle(BLACK, WHITE)
IN_DARK = TextStyle(None, None)


@rule(
    "contrast",
    Severity.WARNING,
    "Make the text darker or what is behind it lighter (in dark mode the other way round).",
)
def low_contrast(mail: RenderedMail) -> Iterator[Remark]:
    """Look at all text in light and, if the mail has rules for it, in the dark."""
    rules = list(applied(mail.styles))
    always = [each for each in rules if not each.media]
    dark = [each for each in rules if not each.media or each.is_dark]
    yield from _faint(mail, "light", always, IN_LIGHT)
    if len(dark) > len(always):
        yield from _faint(mail, "dark", dark, IN_DARK)


def _faint(mail: RenderedMail, mode: str, rules: list[Applied], outermost: TextStyle) -> Iterator[Remark]:
    cascade = Cascade(mail.document, rules)
    body = mail.document.find("body")
    for element, words, look in texts(body, outermost, cascade) if body is not None else ():
        if look.ink is None or look.paper is None:
            continue
        ink = look.ink.over(look.paper)
        ratio = ink.contrast(look.paper)
        if ratio < look.enough:
            text = (
                f"in {mode} mode “{short(words, 30)}” is {ink} on {look.paper}: "
                f"contrast {_below(ratio, look.enough)}:1, it takes {look.enough:g}:1"
            )
            yield remark(mail, element, text, kind=f"{mode} {ink} {look.paper}")


def _below(ratio: float, enough: float) -> str:
    """Return `ratio` with as many digits as it takes to be less than `enough` to the eye, too."""
    digits = next(number for number in range(1, 18) if round(ratio, number) < enough)
    return f"{ratio:.{digits}f}"


def texts(
    element: HtmlElement, around: TextStyle, cascade: Cascade
) -> Iterator[tuple[HtmlElement, str, TextStyle]]:
    """Yield every run of text that is seen, with the element it stands in and how it looks."""
    look = _text_style(element, around, cascade.style(element))
    if not look.shown:
        return
    if element.text and element.text.strip() and look.pixels > 1:
        yield element, element.text, look
    for child in element:
        if isinstance(child.tag, str) and child.tag not in ("style", "script", "title"):
            yield from texts(child, look, cascade)
        if child.tail and child.tail.strip() and look.pixels > 1:
            yield element, child.tail, look


def _text_style(element: HtmlElement, around: TextStyle, style: dict[str, str]) -> TextStyle:
    shown = style.get("display") != "none" and style.get("visibility") not in ("hidden", "collapse")
    pixels = _pixels(style.get("font-size", ""), around.pixels)
    if style.get("opacity", "1") != "1":
        return replace(around, ink=None, shown=shown and style["opacity"] != "0")
    return TextStyle(
        ink=_ink(element, around, style),
        paper=_paper(element, around, style),
        pixels=pixels,
        bold=_bold(element, around, style),
        shown=shown,
    )


def _ink(element: HtmlElement, around: TextStyle, style: dict[str, str]) -> Colour | None:
    written = style.get("-webkit-text-fill-color", "currentcolor").lower()
    if written == "currentcolor":
        written = style.get("color", element.get("color", "") if element.tag == "font" else "").lower()
    if written and written not in ("inherit", "currentcolor"):
        return read_colour(written)
    if not written and element.tag == "a" and element.get("href") is not None:
        # In the dark each mail program has a colour of its own for links.
        return _LINK if around.ink is not None else None
    return around.ink


def _paper(element: HtmlElement, around: TextStyle, style: dict[str, str]) -> Colour | None:
    shorthand = style.get("background", "")
    if "(" in f"{re.sub('(rgb|hsl)a?[(]', '', shorthand)}{style.get('background-image', '')}" or element.get(
        "background"
    ):
        return None
    written = style.get("background-color") or _colour_in(shorthand) or element.get("bgcolor", "")
    if not written or written in ("inherit", "none"):
        return around.paper
    colour = read_colour(written)
    if colour is None or colour.alpha == 1:
        return colour
    return colour.over(around.paper) if around.paper else None


def _colour_in(shorthand: str) -> str:
    """Return the part of a `background` that writes a colour."""
    parts = re.findall(r"[^\s()]+(?:\([^()]*\))?", shorthand)
    return next((part for part in parts if read_colour(part)), "")


def _pixels(size: str, around: float) -> float:
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)(px|pt|em|rem|%)", size.strip())
    if not found:
        return 0.0 if size.strip() == "0" else around
    number = float(found[1])
    return {
        "px": number,
        "pt": number * 4 / 3,
        "em": number * around,
        "rem": number * 16,
        "%": number * around / 100,
    }[found[2]]


def _bold(element: HtmlElement, around: TextStyle, style: dict[str, str]) -> bool:
    weight = style.get("font-weight", "")
    if weight.isdigit():
        return int(weight) >= 700
    if weight in ("bold", "bolder", "normal", "lighter"):
        return weight.startswith("bold")
    return around.bold or element.tag in ("b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6")
