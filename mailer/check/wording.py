"""Rules about words: subject, preheader, what was to be written later, what filters count against a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from mailer.check.finding import Severity
from mailer.check.links import PLACEHOLDER
from mailer.check.rule import Remark, Rule, remark, short
from mailer.check.sheet import SILENT, Sheet
from mailer.check.spam import PHRASES, Part

LONGEST_SUBJECT = 60
PREHEADER = range(40, 131)
_UNWRITTEN = re.compile(rf"{PLACEHOLDER.pattern}|(?i:\blorem ipsum\b)")


def subject_empty(sheet: Sheet) -> Iterator[Remark]:
    """Look for a subject that has nothing in it for a recipient."""
    if not sheet.subject.strip():
        yield Remark("the subject is empty", sheet.lines.key("subject") or sheet.lines.key("title"))


def subject_length(sheet: Sheet) -> Iterator[Remark]:
    """Look for a subject that a phone cuts off."""
    if len(sheet.subject) > LONGEST_SUBJECT:
        text = f"the subject has {len(sheet.subject)} characters; a phone shows some {LONGEST_SUBJECT}"
        yield Remark(text, sheet.lines.key("subject") or sheet.lines.key("title"))


def preheader(sheet: Sheet) -> Iterator[Remark]:
    """Look for the line that an inbox shows after the subject."""
    if not sheet.preheader:
        yield Remark("there is no preheader: an inbox shows the mail's first words after the subject")


def preheader_length(sheet: Sheet) -> Iterator[Remark]:
    """Look for a preheader that is cut off, or that leaves room for whatever comes next."""
    if sheet.preheader and len(sheet.preheader) not in PREHEADER:
        text = f"the preheader has {len(sheet.preheader)} characters; 40 to 130 fill an inbox's line"
        yield Remark(text, sheet.lines.key("description") or sheet.lines.key("standfirst"))


def unwritten(sheet: Sheet) -> Iterator[Remark]:
    """Look for words that stand for others: TK, TODO, FIXME, lorem ipsum."""
    if found := _UNWRITTEN.search(sheet.subject):
        yield Remark(
            f"the subject has {found[0]} in it", sheet.lines.key("subject") or sheet.lines.key("title")
        )
    for element, words in _prose(sheet):
        for typed in dict.fromkeys(found[0] for found in _UNWRITTEN.finditer(words)):
            text = f"“{typed}” stands where something was to be written"
            yield remark(sheet, element, text, written=typed, kind="unwritten")


def spam_wording(sheet: Sheet) -> Iterator[Remark]:
    """Look for what SpamAssassin's own rules count against a mail."""
    for phrase in PHRASES:
        if phrase.part is Part.SUBJECT and phrase.found_in(sheet.subject):
            yield Remark(f"the subject {phrase.says}", sheet.lines.key("subject") or sheet.lines.key("title"))
        elif phrase.part is Part.BODY and (words := phrase.found_in(" ".join(sheet.text.split()))):
            yield Remark(f"“{short(words)}” {phrase.says}", _line(sheet, words))


def _prose(sheet: Sheet) -> Iterator[tuple[HtmlElement, str]]:
    for element in sheet.elements():
        if isinstance(element.tag, str) and element.tag not in SILENT:
            inside = any(each.tag in SILENT for each in element.iterancestors())
            words = " ".join([element.text or "", *(child.tail or "" for child in element)])
            if words.strip() and not inside:
                yield element, words


def _line(sheet: Sheet, words: str) -> int | None:
    lines = sheet.issue.source.split("\n")
    return next((number for number, line in enumerate(lines, 1) if words in line), None)


RULES = (
    Rule("subject-empty", Severity.ERROR, subject_empty, "Give it a subject, or a title."),
    Rule("subject-length", Severity.ADVICE, subject_length, "Put what matters first, or shorten it."),
    Rule("preheader", Severity.WARNING, preheader, "Write one in front matter: description: …"),
    Rule(
        "preheader-length",
        Severity.ADVICE,
        preheader_length,
        "Write 40 to 130 characters as the description.",
    ),
    Rule("placeholder", Severity.WARNING, unwritten, "Write what was to stand here."),
    Rule("spam-wording", Severity.ADVICE, spam_wording, "Say it in other words, if they are as good."),
)
