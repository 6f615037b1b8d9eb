"""The mail that welcomes whoever comes to be on a list: an issue file, which each gets once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from logging import getLogger

from sqlalchemy import Connection, select

from mailer.bootstrap import App
from mailer.compose.issue.source import load_issue
from mailer.domain.send import SendKind
from mailer.domain.subscriber import SubscriberList
from mailer.errors import MailerError, UsageError
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate
from mailer.people.opting_in import OpenList
from mailer.services.letters import Letter, composed
from mailer.store.schema import subscribers
from mailer.store.snapshot import recipients, snapshot_of

log = getLogger(__name__)


@dataclass
class Welcomes:
    """The welcomes of lists; each is compiled once, until its list or its file changes."""

    app: App
    _letters: dict[object, Letter | None] = field(default_factory=dict)

    def of(self, lists: Iterable[OpenList]) -> dict[int, Letter]:
        """Return the welcomes of those of the lists that have one, by id; it takes a while.

        One that can't be used is none: the log says so, and nobody is kept off the list for it.
        """
        found: dict[int, Letter] = {}
        for each in lists:
            try:
                letter = self._of(each)
            except MailerError as error:
                log.warning("nobody is welcomed to %s: %s", each.name, error.problem)
                continue
            if letter:
                found[each.id] = letter
        return found

    def _of(self, wanted: OpenList) -> Letter | None:
        if not wanted.welcome:
            return None
        file = self.app.root / wanted.welcome
        key = (wanted, file.stat().st_mtime_ns if file.is_file() else None)
        if key not in self._letters:
            self._letters[key] = welcome_of(self.app, self.app.lists.named(wanted.name))
        return self._letters[key]

    def write(self, connection: Connection, letter: Letter, subscriber_id: int) -> bool:
        """Let somebody be welcomed, in the caller's transaction; False if they were, or can't be.

        It may name what is not known of them: then there is no mail, and the log says so.
        """
        if letter.has(connection, subscriber_id):
            return False
        try:
            self._prove(connection, letter, subscriber_id)
        except CannotFill as error:
            log.warning("subscriber %d gets no %s: %s", subscriber_id, letter.text.slug, error.problem)
            return False
        letter.write(connection, subscriber_id, self.app.now())
        return True

    def _prove(self, connection: Connection, letter: Letter, subscriber_id: int) -> None:
        person = select(subscribers.c.id, *snapshot_of(subscribers)).where(subscribers.c.id == subscriber_id)
        (reader,) = recipients(connection.execute(person).all())
        template = MessageTemplate.load(letter.text.wording.template)
        template.fillings(self.app.personaliser(0, 0).names(reader, 0))


def welcome_of(app: App, found: SubscriberList) -> Letter | None:
    """Compile the welcome of a list; None if it has none.

    Raises IssueError with file and line, UsageError if there is no such file.
    """
    if not found.welcome:
        return None
    file = app.root / found.welcome
    if not file.is_file():
        raise UsageError(
            f"the list {found.name} welcomes with {found.welcome}, and there is no such file",
            next_step=f"Write it, or take it back: mailer lists set {found.name} --unset welcome",
        )
    issue, _ = load_issue(file)
    if issue.draft:
        raise UsageError(
            f"the list {found.name} welcomes with {found.welcome}, which is a draft",
            next_step=f"Take draft: true out of {found.welcome} once it is ready",
        )
    made = app.compiler.compose(issue, [found], kind=SendKind.WELCOME)
    letter = composed(SendKind.WELCOME, [found], made)
    return replace(letter, text=replace(letter.text, slug=f"welcome:{issue.slug}"))
