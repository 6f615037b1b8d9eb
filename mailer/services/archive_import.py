"""Issues from before are taken into a list's archive: files of issues, and mails as somebody kept them.

Nothing is sent. All files are read before anything is written, and all are written or none; the same file
again changes nothing, and a changed one takes the place of what it said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from lxml.html import HtmlElement

from mailer.bootstrap import App
from mailer.compose.issue.source import default_slug, load_issue
from mailer.domain.subscriber import SubscriberList
from mailer.errors import IssueError
from mailer.ledger.archive import ArchiveTable
from mailer.ledger.imported_issues import put_imported
from mailer.message.expression.operations import CannotFill
from mailer.services.publishing import Published, published, published_mail, stored
from mailer.viewer.reading import field_values, read

MAIL = ".eml"
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})-")
_ADDRESS = re.compile(r"<([^<>]+)>")
# Whatever looks like one: `getaddresses` finds none, in some versions of Python, where a part can't be read.
_MAILBOX = re.compile(r"[^\s<>,;:()\"]+@[^\s<>,;:()\"]+")
# What a link says, or leads to, that is for one recipient alone.
_PERSONAL = re.compile(
    r"unsubscri|opt.?out|preferences|(?:manage|update|change) (?:your |my )?(?:subscription|profile|settings)"
    r"|in (?:your |the |a )?(?:web )?browser|web version|abmelde|abbestell|im browser|désabonn|désinscri"
    r"|dans (?:le|votre) navigateur|darse de baja|cancelar.{0,20}suscripci|en (?:el|su) navegador|avmeld"
    r"|i nettleser",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OldIssue:
    """An issue as a file has it, and what became of it: `new`, `changed` or `unchanged`."""

    file: Path
    slug: str
    sent_at: datetime
    said: Published
    became: str = ""


def import_issues(
    app: App, files: Sequence[Path], list_name: str, *, dry_run: bool = False
) -> list[OldIssue]:
    """Take files into the archive of a list; without changing anything if it is a `dry_run`.

    IssueError names the file that can't be used, UsageError a list that isn't there.
    """
    wanted = app.lists.named(list_name)
    issues = [_read(app, wanted, file) for file in files]
    _refuse_doubles(app, wanted, issues)
    if dry_run:
        return issues
    now = app.now()
    with app.database.begin() as connection:
        return [
            replace(
                each,
                became=put_imported(connection, wanted.id, each.slug, each.said.text, _values(each), now),
            )
            for each in issues
        ]


def _values(issue: OldIssue) -> dict[str, object]:
    content = stored(issue.said)
    return {
        "title": issue.said.title,
        "summary": issue.said.summary,
        "sent_at": issue.sent_at,
        "digest": sha256(content + issue.sent_at.isoformat().encode()).digest(),
        "content": content,
    }


def _refuse_doubles(app: App, wanted: SubscriberList, issues: Iterable[OldIssue]) -> None:
    seen: dict[str, Path] = {}
    sent = {each.slug for each in ArchiveTable(app.database).sends() if wanted.name in each.lists}
    for each in issues:
        if each.slug in sent:
            raise IssueError(
                each.file,
                None,
                f"{wanted.name} has an issue {each.slug} in its archive that was sent from here",
                next_step="Give the file another name.",
            )
        if before := seen.get(each.slug):
            raise IssueError(
                each.file,
                None,
                f"would be {each.slug}, as {before} is",
                next_step="Give one of them another name.",
            )
        seen[each.slug] = each.file


def _read(app: App, wanted: SubscriberList, file: Path) -> OldIssue:
    if file.suffix.lower() == MAIL:
        return _read_mail(file)
    issue, _ = load_issue(file)
    dated = _DATED.match(file.parent.name if file.stem == "index" else file.name)
    day = issue.date or (datetime.fromisoformat(dated[1]) if dated else None)
    if day is None:
        raise IssueError(
            file,
            None,
            "doesn't say when it was sent",
            next_step="Give it a `date` in front matter, or a name that begins with one: 2024-05-17-…",
        )
    try:
        said = published(app.compiler.compile(issue, [wanted]))
    except CannotFill as error:
        raise IssueError(
            file, None, f"is for each reader another: {error.problem}", next_step="Give the value a default."
        ) from None
    return OldIssue(file, issue.slug, day if day.tzinfo else day.replace(tzinfo=app.settings.zone), said)


def _read_mail(file: Path) -> OldIssue:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise IssueError(file, None, f"can't be read: {error.strerror}") from None
    subject, date, language, leave, *recipients = field_values(
        content, "Subject", "Date", "Content-Language", "List-Unsubscribe", "To", "Cc", "Delivered-To"
    )
    mail, slug = read(content), default_slug(file)
    if not (mail.html or mail.text) or not slug:
        raise IssueError(file, None, "shows nothing", next_step="Name a mail as it was saved.")
    ways = frozenset(_ADDRESS.findall(leave))
    said = published_mail(mail, subject or slug, language, lambda each: _is_personal(each, ways))
    shown = unquote(f"{said.title} {said.body}").casefold()
    for address in _MAILBOX.findall(" ".join(recipients)):
        if address.casefold() in shown:
            raise IssueError(
                file,
                None,
                f"shows {address}, to whom this copy went",
                next_step="Take the address out of the file, or write the issue as Markdown.",
            )
    return OldIssue(file, slug, _moment(file, date), said)


def _moment(file: Path, date: str) -> datetime:
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        raise IssueError(
            file, None, f"has no date that can be read: {date!r}", next_step="Correct its field Date."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_personal(element: HtmlElement, ways: frozenset[str]) -> bool:
    """Whether it is one recipient's own: a link to leave by, or a picture that tells that they looked."""
    if element.tag == "img":
        return (element.get("width"), element.get("height")) in {("1", "1"), ("0", "0")}
    target = element.get("href") or ""
    return target.strip() in ways or bool(_PERSONAL.search(f"{target} {element.text_content()}"))
