"""Rules about front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from mailer.check.finding import Severity
from mailer.check.rule import Remark, Rule
from mailer.check.sheet import Sheet

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def draft(sheet: Sheet) -> Iterator[Remark]:
    """Look for an issue that says itself that it isn't ready."""
    if sheet.issue.draft:
        yield Remark("is marked as a draft", sheet.lines.key("draft"))


def unknown_keys(sheet: Sheet) -> Iterator[Remark]:
    """Hand on which keys were not known when the file was read."""
    for notice in sheet.notices:
        if notice.text.startswith("unknown key"):
            yield Remark(notice.text, notice.line)


def not_as_typed(sheet: Sheet) -> Iterator[Remark]:
    """Hand on whatever else reading the file gave notice of: what is ignored, mended or taken out."""
    for notice in sheet.notices:
        if not notice.text.startswith("unknown key"):
            yield Remark(notice.text, notice.line)


def entities(sheet: Sheet) -> Iterator[Remark]:
    """Look for HTML in what is no HTML: readers would see `&amp;`."""
    for name in ("title", "subject", "description", "kicker", "standfirst", "byline"):
        for found in dict.fromkeys(_ENTITY.findall(getattr(sheet.issue, name))):
            if unescape(found) != found and (name == "title" or found not in sheet.issue.title):
                said = f"{name} has {found}, which is mailed as it stands"
                yield Remark(said, sheet.lines.key(name), hint=f"Write {unescape(found)} for it.")


def missing_lists(sheet: Sheet) -> Iterator[Remark]:
    """Look for lists that the issue is for and that don't exist."""
    for name in sheet.missing_lists:
        yield Remark(f"there is no list {name!r}", sheet.lines.key("list"))


RULES = (
    Rule("entity", Severity.WARNING, entities, "Write the sign itself: here nothing is HTML."),
    Rule("draft", Severity.ERROR, draft, "Take `draft: true` out of it once it is ready."),
    Rule(
        "unknown-list",
        Severity.WARNING,
        missing_lists,
        "Correct its name, or make it: mailer lists create NAME",
    ),
    Rule(
        "unknown-key", Severity.WARNING, unknown_keys, "Correct the key; the program ignores it as it stands."
    ),
    Rule("not-as-typed", Severity.WARNING, not_as_typed, "Correct it if that is not what was meant."),
)
