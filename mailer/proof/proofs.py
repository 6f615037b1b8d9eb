"""The proof desk: issue files in, what `mailer check` says of each out. It needs no database and no list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.check.examine import UNREADABLE, examine
from mailer.check.finding import Finding, Location, Severity
from mailer.check.links import addresses
from mailer.compose.issue.source import KINDS, default_slug, load_issue
from mailer.domain.audience import Audience
from mailer.errors import IssueError
from mailer.proof.proofread import NAMELESS, TRIED, census, first_reader, rendered_mail, tried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.bootstrap import App
    from mailer.check.rendered import RenderedMail
    from mailer.domain.audience import Recipient
    from mailer.domain.issue import Issue
    from mailer.domain.subscriber import SubscriberList
    from mailer.engine.compiler import Composition


@dataclass(slots=True)
class Proof:
    """One issue file: its sheet, or why there is none, and what was found."""

    path: str
    slug: str
    mail: RenderedMail | None = None
    findings: list[Finding] = field(default_factory=list)

    def examine(self, dead: Mapping[str, str]) -> None:
        """Look at the sheet, if there is one; `dead` are addresses that were tried in vain."""
        if self.mail is not None:
            self.findings = examine(replace(self.mail, dead=dead))


class Proofs:
    """Makes proofs for the lists that an issue names, else for the first there is, else for a stand-in."""

    def __init__(self, app: App, list_names: Sequence[str] = ()) -> None:
        """UsageError for a name in `list_names` that no list has."""
        self._app = app
        self.has_people = app.database_file.is_file()
        self._lists = {each.name: each for each in app.people.all_lists()} if self.has_people else {}
        for name in list_names:
            app.people.list_named(name)
        self._asked = tuple(list_names)

    def proof(self, file: Path) -> Proof:
        """Return the proof of one issue file; a file that can't be used is a finding of it."""
        try:
            issue, _ = load_issue(file, self._app.settings.language)
            composed = self._app.compiler.compose(issue, self._audience(issue) or [NAMELESS])
            return Proof(str(file), issue.slug, self._mail(issue, composed))
        except IssueError as error:
            return Proof(str(file), default_slug(file), findings=[_unreadable(error)])

    def _mail(self, issue: Issue, composed: Composition) -> RenderedMail:
        lists, template = self._audience(issue), composed.template
        personaliser = self._app.compiler.personaliser(0, lists[0].id if lists else 0, template.revision)
        reader = first_reader(template, personaliser, islice(self._people(issue, lists), TRIED))
        if reader is None:
            raise IssueError(
                issue.path, None, "none of those tried can get it: a value has no use where it stands"
            )
        known = None
        if lists:
            counted = census(self._app.ledger, issue, _of(lists), template)
            known = tried(counted, template, personaliser, self._people(issue, lists))
        return rendered_mail(
            self._app.compiler,
            issue,
            composed,
            personaliser,
            reader,
            public=not self._app.smtp_account.loopback,
            known=known,
            missing_lists=tuple(name for name in issue.lists if self.has_people and name not in self._lists),
        )

    def _audience(self, issue: Issue) -> list[SubscriberList]:
        named = [self._lists[name] for name in self._asked or issue.lists if name in self._lists]
        return named or list(self._lists.values())[:1]

    def _people(self, issue: Issue, lists: Sequence[SubscriberList]) -> Iterator[Recipient]:
        if not lists:
            return
        for recipient, reason in self._app.ledger.preview(issue.slug, _of(lists), again=True):
            if reason is None:
                yield recipient


def _of(lists: Sequence[SubscriberList]) -> Audience:
    return Audience(tuple(each.name for each in lists))


def _unreadable(error: IssueError) -> Finding:
    where = f"{error.path}:{error.line}" if error.line else f"{error.path}"
    text = error.problem.removeprefix(f"{where}: ")
    hint = (error.next_step or "").replace(f"Correct {where}; nothing was sent.", "Correct it.")
    return Finding(UNREADABLE, Severity.ERROR, str(error.path), (Location(error.line, text),), hint)


def issue_files(folder: Path) -> list[Path]:
    """Return the issue files of `folder`, by name: `harbour.md`, `harbour/index.md`."""
    places = [*folder.glob("*"), *folder.glob("*/index.*")]
    return sorted(path for path in places if path.suffix.lower() in KINDS and path.stem.lower() != "readme")


def web_addresses(mail: RenderedMail) -> set[str]:
    """Return the addresses of links and images that lead into the web."""
    return {
        address for _, address, _ in addresses(mail) if address.lower().startswith(("http://", "https://"))
    }
