"""The rule about an unsubscribe link that is there, and that nobody can see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from mailer.check.cascade import Cascade, applied
from mailer.check.contrast import IN_DARK, IN_LIGHT, texts
from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, remark, rule
from mailer.compose.css.colour import Colour

# What is less is no text to anybody; what is merely hard to read is the rule about contrast.
_LEAST_CONTRAST = 1.5
_LEAST_PIXELS = 4.0
_FAINT = "its text has no size, or the colour of what is behind it"
_MOST_SCREENS = 6  # without a media query, and with one each; a mail has one or two
_CLOSED = frozenset({"details", "dialog", "noscript", "select", "template", "textarea"})
_NIGHT = Colour(30, 30, 30)  # what mail programs show behind a mail that says nothing of it
# From 500 pixels on it is out of the mail.
_FAR = r"(?:[5-9]\d\d|\d{4,})(?:\.\d+)?(?:px|pt|em|rem|%)?|[1-9]\d\d+(?:\.\d+)?v[wh]"
_AWAY = re.compile(rf"(?:^|\s)-(?:{_FAR})(?=\s|\Z)")
_OFF = re.compile(rf"(?:^|\s)-?(?:{_FAR})(?=\s|\Z)")
_NOTHING = re.compile(r"0(?:\.0+)?(?:px|pt|em|rem|%)?|1px")
_SHEER = re.compile(r"^(?:0?\.0\d*|0(?:\.0\d*)?|[0-4](?:\.\d+)?%)$")
_GONE = re.compile(
    rf"scale[xy]?\(0(?:\.0+)?[,)]|matrix\(0,|rotate[xy]\(90deg|translate[xy]?\((?:[^,()]*,)?-?(?:{_FAR})[,)]"
    r"|inset\((?:[5-9]\d|100)%|rect\(([01])(?:px)?,(?:\w+,)?\1|circle\(0|ellipse\(0|polygon\([0%px]*\)"
    r"|opacity\((?:0?\.0\d*|0+|[0-4](?:\.\d+)?%)\)"
)

# What takes out of sight by its value alone; what does with `overflow`, and in which direction; what does
# where `position` is set; and what does by a function, with what its numbers are parted by here.
_VANISHING = {
    "display": re.compile(r"^none$"),
    "content-visibility": re.compile(r"^hidden$"),
    "opacity": _SHEER,
    "zoom": _SHEER,
    "scale": _SHEER,
    "margin": _AWAY,
    "margin-left": _AWAY,
    "margin-top": _AWAY,
    "text-indent": _OFF,
    "translate": _OFF,
}
_CUT = {
    "height": "overflow-y",
    "max-height": "overflow-y",
    "line-height": "overflow-y",
    "width": "overflow-x",
    "max-width": "overflow-x",
}
_PLACED = frozenset({"left", "top", "right", "bottom", "inset"})
_SHAPED = {"transform": ",", "clip": ",", "clip-path": "", "filter": ""}


@rule(
    "unsubscribe-hidden",
    Severity.ERROR,
    "Let everybody see it: take out what hides it, or leave the link out of the document, so that one is"
    " added.",
)
def hidden_unsubscribe(mail: RenderedMail) -> Iterator[Remark]:
    """Look whether a reader can see a way out: on every screen, and with what any of them adds."""
    links = [link for link in mail.elements("a", "area") if link.get("href") == mail.unsubscribe_url]
    rules = list(applied(mail.styles))
    light = Cascade(mail.document, [each for each in rules if not each.media])
    screens = {"": False} | {each.media: each.is_dark for each in rules}
    for media, dark in list(screens.items())[:_MOST_SCREENS] if links else ():
        cascade = Cascade(mail.document, [each for each in rules if each.media in ("", media)])
        read = _read(mail, cascade, light if dark else None)
        reasons = [_hidden(link, cascade, read) for link in links]
        if all(reasons):
            where = f" for {media}" if media else ""
            yield remark(mail, links[-1], f"nobody can see the unsubscribe link{where}: {reasons[-1]}")
            return


def _hidden(link: HtmlElement, cascade: Cascade, read: set[HtmlElement]) -> str:
    """Return why a link can't be seen; "" if it can. `read` are the elements whose text can be."""
    for element in (link, *link.iterancestors()):
        if reason := _hides(element, cascade.style(element)):
            return reason
    if link.tag == "area" or next(link.iter("img"), None) is not None or not read.isdisjoint(link.iter()):
        return ""
    return "it has no text" if not link.text_content().strip() else _FAINT


def _read(mail: RenderedMail, cascade: Cascade, light: Cascade | None) -> set[HtmlElement]:
    """Return the elements with text that is large enough, and not of the colour of what is behind it.

    `light` is what holds without the rules for the dark, where `cascade` has some.
    """
    body = mail.document.body
    before = {element: look.ink for element, _, look in texts(body, IN_LIGHT, light)} if light else {}
    read = set[HtmlElement]()
    for element, _, look in texts(body, IN_DARK if light else IN_LIGHT, cascade):
        paper = look.paper
        if paper is None and look.ink is not None and light and look.ink != before.get(element):
            paper = _NIGHT
        seen = paper is None or look.ink is None or look.ink.over(paper).contrast(paper) >= _LEAST_CONTRAST
        if seen and look.pixels >= _LEAST_PIXELS:
            read.add(element)
    return read


def _hides(element: HtmlElement, style: dict[str, str]) -> str:
    """Return what takes an element, and all that is in it, out of sight."""
    if element.get("hidden") is not None and "display" not in style:
        return "hidden"
    if element.tag in _CLOSED and element.get("open") is None:
        return f"<{element.tag}>"
    for name, written in style.items():
        value = " ".join(written.lower().split())
        if _is_out_of_sight(name, value, style):
            return f"{name}: {value}"
    return ""


def _is_out_of_sight(name: str, value: str, style: dict[str, str]) -> bool:
    if name in _VANISHING:
        return _VANISHING[name].search(value) is not None
    if name in _CUT:
        return _NOTHING.fullmatch(value) is not None and _cuts(style, _CUT[name])
    if name in _PLACED:
        return style.get("position", "static") != "static" and _OFF.search(value) is not None
    return name in _SHAPED and _GONE.search(re.sub(r"[\s,]+", _SHAPED[name], value)) is not None


def _cuts(style: dict[str, str], way: str) -> bool:
    """Whether what is too long one `way` is not shown."""
    return style.get(way, style.get("overflow", "")) in ("hidden", "clip")
