"""Rules about front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, rule

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


@rule("draft", Severity.ERROR, "Take `draft: true` out of it once it is ready.")
def draft(mail: RenderedMail) -> Iterator[Remark]:
    """Look for an issue that says itself that it isn't ready."""
    if mail.issue.draft:
        yield Remark("is marked as a draft", mail.lines.key("draft"))


@rule("unknown-key", Severity.WARNING, "Correct the key; the program ignores it as it stands.")
def unknown_keys(mail: RenderedMail) -> Iterator[Remark]:
    """Hand on which keys were not known when the file was read."""
    for notice in mail.notices:
        if notice.text.startswith("unknown key"):
            yield Remark(notice.text, notice.line)


@rule("not-as-typed", Severity.WARNING, "Correct it if that is not what was meant.")
def not_as_typed(mail: RenderedMail) -> Iterator[Remark]:
    """Hand on whatever else reading the file gave notice of: what is ignored, mended or taken out."""
    for notice in mail.notices:
        if not notice.text.startswith("unknown key"):
            yield Remark(notice.text, notice.line)


@rule("entity", Severity.WARNING, "Write the sign itself: here nothing is HTML.")
def entities(mail: RenderedMail) -> Iterator[Remark]:
    """Look for HTML in what is no HTML: readers would see `&amp;`."""
    front = {"title": mail.issue.title, "subject": mail.issue.subject, **mail.issue.printed}
    for name, value in front.items():
        for found in dict.fromkeys(_ENTITY.findall(value if isinstance(value, str) else "")):
            if unescape(found) != found and (name == "title" or found not in mail.issue.title):
                said = f"{name} has {found}, which is mailed as it stands"
                yield Remark(said, mail.lines.key(name), hint=f"Write {unescape(found)} for it.")


@rule("unknown-list", Severity.WARNING, "Correct its name, or make it: mailer lists create NAME")
def missing_lists(mail: RenderedMail) -> Iterator[Remark]:
    """Look for lists that the issue is for and that don't exist."""
    for name in mail.missing_lists:
        yield Remark(f"there is no list {name!r}", mail.lines.key("list"))
