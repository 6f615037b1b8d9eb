"""What is wrong with issues, before anybody gets them. It needs no database and no list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mailer.bootstrap import App
from mailer.check.examine import UNREADABLE, examine
from mailer.check.finding import Finding, Location, Severity
from mailer.check.links import web_addresses
from mailer.check.rendered import RenderedMail
from mailer.compose.issue.source import default_slug
from mailer.errors import IssueError
from mailer.online.public import Network
from mailer.proof.proofs import Proofs


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The issues' files; `lists` by name instead of their own, and so `segment`.

    Who is in one of the `excluded_segments` is no reader.

    `online`: every link is tried, also in those `networks` of one's own.
    """

    files: Sequence[Path]
    lists: Sequence[str] = ()
    online: bool = False
    networks: Sequence[Network] = ()
    segment: str | None = None
    excluded_segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedIssue:
    """One issue file, and what was found in it."""

    path: str
    slug: str
    findings: Sequence[Finding]


def check(app: App, request: CheckRequest, say: Callable[[str], None] = lambda _: None) -> list[CheckedIssue]:
    """Return what is found in each file; a file that can't be used is a finding of it.

    `say` is told what is done meanwhile. Raises UsageError for a list or a segment that was asked for and
    isn't there, SettingsError.
    """
    proofs = app.proofs
    if not app.has_database:
        say("No database yet: a stand-in for the list, and no look at subscribers' fields.")
    mails = {file: _mail(proofs, file, request) for file in request.files}
    dead = _tried(mails.values(), request.networks, say) if request.online else {}
    return [_checked(file, mail, dead) for file, mail in mails.items()]


def _tried(
    mails: Iterable[RenderedMail | IssueError], networks: Sequence[Network], say: Callable[[str], None]
) -> dict[str, str]:
    """Return the addresses in the mails that lead nowhere, each with the reason."""
    from mailer.online.probe import probe  # what never tries one needs no sockets

    wanted = set[str]().union(*(web_addresses(mail) for mail in mails if isinstance(mail, RenderedMail)))
    say(f"Trying {len(wanted):,} addresses.")
    return probe(wanted, allowed=networks)


def _mail(proofs: Proofs, file: Path, request: CheckRequest) -> RenderedMail | IssueError:
    """Return what the first reader of an issue gets, or why nobody can."""
    try:
        job = proofs.compile(file, request.lists, None, request.segment, request.excluded_segments)
        if (reader := proofs.reader(job)) is None:
            said = "none of those tried can get it: a value has no use where it stands"
            raise IssueError(job.issue.path, None, said)
        missing = proofs.missing_lists(job.issue) if proofs.all_lists else ()
        return proofs.mail(job, reader, proofs.census(job, lambda _: True), missing)
    except IssueError as error:
        return error


def _checked(file: Path, mail: RenderedMail | IssueError, dead: Mapping[str, str]) -> CheckedIssue:
    if isinstance(mail, IssueError):
        return CheckedIssue(str(file), default_slug(file), [_unreadable(mail)])
    return CheckedIssue(str(file), mail.issue.slug, examine(replace(mail, dead=dead)))


def _unreadable(error: IssueError) -> Finding:
    where = f"{error.path}:{error.line}" if error.line else f"{error.path}"
    text = error.problem.removeprefix(f"{where}: ")
    hint = (error.next_step or "").replace(f"Correct {where}; nothing was sent.", "Correct it.")
    return Finding(UNREADABLE, Severity.ERROR, str(error.path), (Location(error.line, text),), hint)
