"""The rule about merge tags of other newsletter programs: nothing fills them here, so readers would see them.

It looks at what is mailed, in every branch of the issue's own tags, so that neither Markdown nor an editor's
way of writing a sign hides one. Code is left alone, and braces that were escaped are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import unquote

from lxml.html import HtmlElement

from mailer.check.finding import Severity
from mailer.check.merge_tag_names import instead, tags_in
from mailer.check.rendered import SILENT, RenderedMail
from mailer.check.rule import Remark, rule, short
from mailer.compose.tags.offered import protect
from mailer.compose.tags.tag import literal_text
from mailer.domain.issue import Epigraph, Kind

NAME = "merge-tag"
_ESCAPED = re.compile(r"(?:\\\{|&#0*123;|&#[xX]0*7[bB];|&lcub;|&lbrace;)(?=([^\n]{0,160}))")
# Elements that no mail program knows, and that go lost on the way: Campaign Monitor's, PHP, Word's fields.
_ELEMENTS = re.compile(
    r"<(?:unsubscribe|preferences|webversion|forwardtoafriend|fblike|tweet)\b[^>]*>|<\?(?:php\b|=)[^>]*>"
    r"|<<[A-Za-z][\w ]{1,40}>>",
    re.IGNORECASE,
)
_BLOCKS = ("div", "p", "td", "th", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dt", "dd")
_UNSEEN = frozenset({"style", "class", "id"})  # attributes
_TYPED_AS_IT_IS = "nothing is filled in in plain text: take it out, or let the file's name end in .md"


@rule(NAME, Severity.ERROR, "Take it out.")
def merge_tags(mail: RenderedMail) -> Iterator[Remark]:
    """Look for what another program would have filled in."""
    meant = [unescape(found[1]).replace("\\", "") for found in _ESCAPED.finditer(mail.issue.source)]
    seen = set[str]()
    for tag, line in (*_in_front(mail), *_in_body(mail)):
        seen.add(tag)
        if not any(rest.startswith(tag[1:]) for rest in meant):
            yield _remark(mail, tag, line)
    for element, tag in _in_document(mail.document):
        if tag not in seen and mail.lines.of(element) is None:
            seen.add(tag)
            yield _remark(mail, tag, None)


def _remark(mail: RenderedMail, tag: str, line: int | None) -> Remark:
    where = "" if line else f" (in {mail.layout})"
    hint = _TYPED_AS_IT_IS if mail.issue.kind is Kind.TEXT else instead(tag)
    text = f"{short(tag)} means nothing here and would be mailed as it stands{where}"
    return Remark(text, line, hint=f"{hint[0].upper()}{hint[1:]}. If it is meant: check_off: {NAME}")


def _in_front(mail: RenderedMail) -> Iterator[tuple[str, int | None]]:
    issue = mail.issue
    front = {"subject": issue.subject, "title": issue.title, **issue.printed, "params": issue.params}
    for name, value in front.items():
        for text in _texts(value):
            for tag in tags_in(literal_text(protect(text)) if name == "subject" else text):
                yield tag, mail.lines.key(name) or mail.lines.first(re.escape(tag))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Epigraph():
            yield from (value.text, value.source)
        case dict():
            yield from (text for each in value.values() for text in _texts(each))
        case list():
            yield from (text for each in value for text in _texts(each))


def _in_body(mail: RenderedMail) -> Iterator[tuple[str, int | None]]:
    page = mail.lines.page
    for element, tag in (*_in_document(page), *_torn(page)):
        yield tag, mail.lines.near(element.sourceline or 1, tag)
    if mail.issue.kind is not Kind.TEXT:
        code = page.text_content()
        for found in _ELEMENTS.finditer(mail.issue.body):
            if found[0] not in code:
                yield found[0], mail.issue.body_line + mail.issue.body.count("\n", 0, found.start())


def _in_document(document: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Yield each tag in what is read and followed, with the element that it stands in or after."""
    for element in document.iter():
        around = {each.tag for each in element.iterancestors()}
        text = element.text or ""
        if not isinstance(element.tag, str):
            # A comment of Outlook's is a part of the mail to it.
            text = text if text.startswith("[if") else ""
        elif element.tag in SILENT and element.tag != "title":
            text = ""
        elif element.tag == "em":
            text = f"*{text}*"  # Markdown takes Mailchimp's stars for its own
        for name, value in element.attrib.items() if isinstance(element.tag, str) else ():
            if name not in _UNSEEN:
                yield from ((element, tag) for tag in _in_attribute(value))
        if not SILENT & around:
            linked = "a" in around
            yield from ((element, tag) for tag in tags_in(text, label=linked or element.tag == "a"))
            yield from ((element, tag) for tag in tags_in(element.tail or "", label=linked))


def _torn(document: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the tags that elements stand in, as an editor leaves them: `{{<span>name</span>}}`."""
    for block in document.iter(*_BLOCKS):
        if next(block.iterdescendants(*_BLOCKS, *SILENT), None) is None:
            whole = {tag for text in block.itertext() for tag in tags_in(text)}
            yield from ((block, tag) for tag in tags_in(block.text_content(), label=True) if tag not in whole)


def _in_attribute(value: str) -> Iterator[str]:
    # Whoever wrote the address may have encoded it, or not.
    for text in dict.fromkeys((value, unquote(value))):
        yield from tags_in(text, address=True)
