"""Rules about the document: language, title, headings, and styles that stand in the way of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml.etree import XPath
from lxml.html import HtmlElement

from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, remark, rule, short
from mailer.compose.css.reading import read_style
from mailer.compose.issue.inherited import visible_text
from mailer.languages import likely_language, runs_rtl, text_rtl

_SAID_LTR = XPath(
    "//body//text()[translate(ancestor::*[@dir][1]/@dir, 'LTR', 'ltr') = 'ltr'][not(parent::style)]"
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@rule("lang", Severity.WARNING, 'Let it begin with <html lang="{{ issue.lang }}">.')
def language(mail: RenderedMail) -> Iterator[Remark]:
    """Look for the language that screen readers speak (WCAG 2.2, 3.1.1)."""
    if not mail.document.get("lang", "").strip():
        yield Remark(f"the HTML says no language (in {mail.layout})")


@rule("direction", Severity.WARNING, 'Let the layout print <html dir="{{ page.dir }}">.')
def direction(mail: RenderedMail) -> Iterator[Remark]:
    """Look for text that would run the wrong way: full stops would stand at the wrong end of its lines."""
    issue = mail.issue
    words = visible_text(issue)
    rtl = text_rtl(words)
    way = "right to left" if rtl else "left to right"
    if rtl is not None and rtl != runs_rtl(issue.lang):
        text = f"most of the text runs from {way}, which {issue.lang} does not"
        yield Remark(text, mail.lines.key("lang"), hint=f"Write its language: lang: {likely_language(words)}")
    elif rtl and not any(map(_says_direction, mail.document.iter())):
        yield Remark(f"the text runs from {way}, and the HTML does not say so (in {mail.layout})")
    elif text_rtl(" ".join(texts := _said_ltr(mail.document))):
        element = _who_says(texts[0])
        text = f'the text runs from right to left, and stands in <{element.tag} dir="{element.get("dir")}">'
        yield remark(mail, element, text, hint='Write dir="rtl" there.')


def _said_ltr(document: HtmlElement) -> list[Any]:
    """Return the texts whose nearest direction is that one; each knows the element that it stands in."""
    found: Any = _SAID_LTR(document)
    return list(found)


def _who_says(text: Any) -> HtmlElement:
    element = text.getparent().getparent() if text.is_tail else text.getparent()
    while element.get("dir") is None:
        element = element.getparent()
    return element


def _says_direction(element: HtmlElement) -> bool:
    return element.get("dir", "").lower() in ("rtl", "auto") or "direction" in element.get("style", "")


@rule("title", Severity.WARNING, "Let it have a title: <title>{{ issue.subject }}</title>.")
def title(mail: RenderedMail) -> Iterator[Remark]:
    """Look for the document's title (WCAG 2.2, 2.4.2)."""
    if not (mail.document.findtext("head/title") or "").strip():
        yield Remark(f"the HTML has no title (in {mail.layout})")


@rule("heading-order", Severity.WARNING, "Go down one level at a time.")
def heading_order(mail: RenderedMail) -> Iterator[Remark]:
    """Look for headings that leave out a level: who listens takes that for something missed."""
    last = 0
    for heading in mail.elements(*_HEADINGS):
        level = int(heading.tag[1])
        if last and level > last + 1:
            words = short(heading.text_content())
            text = f"heading “{words}” is of level {level}, after one of level {last}"
            yield remark(mail, heading, text, kind="order")
        last = level


@rule("heading-one", Severity.WARNING, "Make it level 2: the issue's title is the one of level 1.")
def one_headline(mail: RenderedMail) -> Iterator[Remark]:
    """Look for a second heading of level 1."""
    for heading in list(mail.elements("h1"))[1:]:
        text = f"heading “{short(heading.text_content())}” is a second one of level 1"
        yield remark(mail, heading, text, kind="second")


@rule("important-inline", Severity.WARNING, "Take !important out of the style attribute.")
def important(mail: RenderedMail) -> Iterator[Remark]:
    """Look for `!important` in style attributes: it beats the rules for phones and for the dark."""
    for element in mail.document.iter():
        if isinstance(element.tag, str):
            for each in read_style(element.get("style", "")):
                if each.important:
                    text = f"the style of a <{element.tag}> has {each.name} with !important"
                    yield remark(mail, element, text, kind="important")
