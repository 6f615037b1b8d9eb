"""The archive: which issues anybody may read, what each says, and which are to be found by which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.bootstrap import App
from mailer.compose.theme.theme import Theme, read_theme
from mailer.contradictions import theme_wishes
from mailer.domain.send import Send
from mailer.engine.compiler import Job
from mailer.errors import UsageError
from mailer.ledger.archive import ArchivedSend, ArchiveTable, PublicList
from mailer.ledger.imported_issues import ImportedIssue, ImportedIssues
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate, TemplateError
from mailer.services.publishing import Published, published, read_stored


@dataclass(frozen=True, slots=True)
class ArchivedIssue:
    """An issue of a list: `sent_at` is when it was first sent there, in the settings' zone, `revised_at` when
    it got the text that it has. `key` tells it from any other: the id of a send, of which it is the
    `number`th text, or less than nothing, the id of an issue that was imported.
    """

    slug: str
    title: str
    summary: str
    sent_at: datetime
    revised_at: datetime
    key: int
    number: int = 0

    @property
    def year(self) -> int:
        """The year under which it is found."""
        return self.sent_at.year


@dataclass(frozen=True, slots=True)
class ArchivedList:
    """A public list and its issues, the newest first."""

    about: PublicList
    issues: tuple[ArchivedIssue, ...]


class Archive:
    """The archive of one workspace. `app` is asked for its database at each call."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.zone: ZoneInfo = app.settings.zone
        self.language: str = app.settings.language
        self.theme: Theme = read_theme(theme_wishes(app.settings, app.root))

    @property
    def _table(self) -> ArchiveTable:
        return ArchiveTable(self._app.database)

    @property
    def _imported(self) -> ImportedIssues:
        return ImportedIssues(self._app.database)

    def lists(self) -> tuple[ArchivedList, ...]:
        """Return every list that has an archive, with what is in it."""
        table = self._table
        sent, imported = table.sends(), self._imported.all()
        return tuple(
            ArchivedList(
                each,
                self._issues(
                    [send for send in sent if each.name in send.lists],
                    [issue for issue in imported if each.name == issue.list_name],
                ),
            )
            for each in table.public_lists()
        )

    def _issues(self, sends: list[ArchivedSend], imported: list[ImportedIssue]) -> tuple[ArchivedIssue, ...]:
        """Return one issue a slug: it stays where it was first sent, and says what was sent last."""
        newest: dict[str, ArchivedSend] = {}
        first: dict[str, datetime] = {}
        for send in sends:
            newest.setdefault(send.slug, send)
            first[send.slug] = send.sent_at
        issues = [
            ArchivedIssue(
                slug,
                send.title,
                send.summary,
                first[slug].astimezone(self.zone),
                send.revised_at,
                send.send_id,
                send.number,
            )
            for slug, send in newest.items()
        ]
        issues += [
            ArchivedIssue(
                old.slug, old.title, old.summary, old.sent_at.astimezone(self.zone), old.taken_at, -old.id
            )
            for old in imported
            if old.slug not in newest
        ]
        return tuple(sorted(issues, key=lambda each: (each.sent_at, each.key), reverse=True))

    def content(self, issue: ArchivedIssue) -> Published | None:
        """Return what an issue says; None if it can't be shown any more."""
        if issue.key < 0:
            stored = self._imported.content(-issue.key)
            return read_stored(stored) if stored else None
        template = self._table.template(issue.key, issue.number)
        return read_published(template) if template else None

    def matching(self, text: str) -> list[int]:
        """Return the keys of the issues that have the words of `text`, the best first."""
        return self._table.matching(text)

    def show(self, slug: str) -> list[str]:
        """Put every send of an issue into the archive; return what stands in the way of any."""
        problems = []
        for send in self._sends(slug):
            template = self._app.ledger.template(send, send.number)
            try:
                found = published(MessageTemplate.load(template)) if template else None
            except (CannotFill, TemplateError) as error:
                problems.append(not_for_anybody(error.problem))
                continue
            if found:
                self._table.put(send.id, found.title, found.summary, found.text)
        return problems

    def hide(self, slug: str) -> None:
        """Take an issue out of the archive; one that was imported is gone then."""
        if self._imported.remove(slug):
            return
        self._table.remove([send.id for send in self._sends(slug)])

    def _sends(self, slug: str) -> list[Send]:
        sends = [each for each in self._app.ledger.sends(slug) if each.proved_at and each.corrects is None]
        if not sends:
            raise UsageError(f"nothing was sent of {slug}", next_step="See what was: mailer status")
        return sends


def read_published(template: bytes) -> Published | None:
    """Return what anybody may see of a stored template; None if nothing can be made of it."""
    try:
        return published(MessageTemplate.load(template))
    except (CannotFill, TemplateError):
        return None


def archive_text(app: App, job: Job, send: Send) -> str:
    """Let what `send` says now be in the archive, unless the issue says no; return a warning, or nothing.

    Whether anybody sees it is for its lists to say.
    """
    table = ArchiveTable(app.database)
    if not job.issue.archive:
        table.remove([send.id])
        return ""
    try:
        found = published(job.template)
    except CannotFill as error:
        table.remove([send.id])
        shown = any(each.is_public and each.in_archive for each in job.lists)
        return not_for_anybody(error.problem) if shown else ""
    table.put(send.id, found.title, found.summary, found.text)
    return ""


def not_for_anybody(problem: str) -> str:
    """Return why an issue is left out of the archive."""
    return f"not in the archive, where nobody's values are known: {problem}; give it a default"
