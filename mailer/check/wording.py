"""Rules about words: subject, preheader, what was to be written later, what filters count against a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from mailer.check.finding import Severity
from mailer.check.links import PLACEHOLDER
from mailer.check.rendered import SILENT, RenderedMail
from mailer.check.rule import Remark, remark, rule, short
from mailer.check.spam import PHRASES, SpamPart

LONGEST_SUBJECT = 60
PREHEADER = range(40, 131)
_UNWRITTEN = re.compile(rf"{PLACEHOLDER.pattern}|(?i:\blorem ipsum\b)")


@rule("subject-empty", Severity.ERROR, "Give it a subject, or a title.")
def subject_empty(mail: RenderedMail) -> Iterator[Remark]:
    """Look for a subject that has nothing in it for a recipient."""
    if not mail.subject.strip():
        yield Remark("the subject is empty", mail.lines.key("subject", "title"))


@rule("subject-length", Severity.ADVICE, "Put what matters first, or shorten it.")
def subject_length(mail: RenderedMail) -> Iterator[Remark]:
    """Look for a subject that a phone cuts off."""
    if len(mail.subject) > LONGEST_SUBJECT:
        text = f"the subject has {len(mail.subject)} characters; a phone shows some {LONGEST_SUBJECT}"
        yield Remark(text, mail.lines.key("subject", "title"))


@rule("preheader", Severity.WARNING, "Write one in front matter: description: …")
def preheader(mail: RenderedMail) -> Iterator[Remark]:
    """Look for the line that an inbox shows after the subject."""
    if not mail.preheader:
        yield Remark("there is no preheader: an inbox shows the mail's first words after the subject")


@rule("preheader-length", Severity.ADVICE, "Write 40 to 130 characters as the description.")
def preheader_length(mail: RenderedMail) -> Iterator[Remark]:
    """Look for a preheader that is cut off, or that leaves room for whatever comes next."""
    if mail.preheader and len(mail.preheader) not in PREHEADER:
        text = f"the preheader has {len(mail.preheader)} characters; 40 to 130 fill an inbox's line"
        yield Remark(text, mail.lines.key("description", "standfirst"))


@rule("placeholder", Severity.WARNING, "Write what was to stand here.")
def unwritten(mail: RenderedMail) -> Iterator[Remark]:
    """Look for words that stand for others: TK, TODO, FIXME, lorem ipsum."""
    if found := _UNWRITTEN.search(mail.subject):
        yield Remark(f"the subject has {found[0]} in it", mail.lines.key("subject", "title"))
    for element, words in _prose(mail):
        for typed in dict.fromkeys(found[0] for found in _UNWRITTEN.finditer(words)):
            text = f"“{typed}” stands where something was to be written"
            yield remark(mail, element, text, written=typed, kind="unwritten")


@rule("spam-wording", Severity.ADVICE, "Say it in other words, if they are as good.")
def spam_wording(mail: RenderedMail) -> Iterator[Remark]:
    """Look for what SpamAssassin's own rules count against a mail."""
    for phrase in PHRASES:
        if phrase.part is SpamPart.SUBJECT and phrase.found_in(mail.subject):
            yield Remark(f"the subject {phrase.says}", mail.lines.key("subject", "title"))
        elif phrase.part is SpamPart.BODY and (words := phrase.found_in(" ".join(mail.text.split()))):
            yield Remark(f"“{short(words)}” {phrase.says}", mail.lines.first(re.escape(words)))


def _prose(mail: RenderedMail) -> Iterator[tuple[HtmlElement, str]]:
    for element in mail.elements():
        if isinstance(element.tag, str) and element.tag not in SILENT:
            inside = any(each.tag in SILENT for each in element.iterancestors())
            words = " ".join([element.text or "", *(child.tail or "" for child in element)])
            if words.strip() and not inside:
                yield element, words
