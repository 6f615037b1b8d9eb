"""The issues of a workspace: which one a person means, and what became of each.

An issue is named by its path, file name, folder, slug, or what of its name follows the date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from mailer.errors import IssueError, UsageError
from mailer.services.report import Report, report_on

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.issue import Issue
    from mailer.domain.send import Send
    from mailer.domain.subscriber import SubscriberList
    from mailer.ledger.schedules import Schedule


def issue_file(app: App, named: str) -> Path:
    """Return the file that `named` means; UsageError where it may be several, or is nowhere."""
    found = _files_named(app, named)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{named!r} may be any of {len(found)} issues",
            next_step=f"Name one of them: {', '.join(quote(from_here(each)) for each in found)}",
        )
    raise UsageError(f"{named!r}: there is no such issue file", next_step=_near_files(app, named))


def from_here(file: Path) -> str:
    """Return the path of a file as a person in this folder would type it, if the file is in it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(file)


def _files_named(app: App, named: str) -> Sequence[Path]:
    """Return the files that `named` may mean: one at that path, else of that slug, else of that name."""
    from mailer.compose.issue.source import KINDS, default_slug, issue_files, slug_of

    places = [folder / named for folder in (Path(), app.root, app.root / "issues")]
    for place in places:
        if _is_file(place):
            return [place]
    for folder in places:
        if found := [each for ending in KINDS if _is_file(each := folder / f"index{ending}")]:
            return found
    ways: list[Callable[[Path], object]] = [
        lambda file: slug_of(file) == named,
        lambda file: file.stem == named,
        lambda file: default_slug(file) == named,
        lambda file: slug_of(file).casefold() == named.casefold(),
    ]
    files = issue_files(app.root / "issues")
    return next(filter(None, ([file for file in files if means(file)] for means in ways)), ())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file has a name as long as that
        return False


def _near_files(app: App, named: str) -> str:
    from mailer.compose.issue.source import default_slug, issue_files, slug_of

    names = {
        name.casefold(): file
        for file in issue_files(app.root / "issues")
        for name in (file.name, file.stem, default_slug(file), slug_of(file))
    }
    asked = (Path(named).name.casefold(), default_slug(Path(named)))
    near = [name for each in asked for name in get_close_matches(each, names, n=2, cutoff=0.5)]
    if found := dict.fromkeys(quote(from_here(names[name])) for name in near):
        return f"Did you mean {' or '.join(found)}?"
    return "See them with: mailer issues list" if names else 'Make an issue with: mailer new "Title"'


def sends_of(app: App, named: str) -> list[Send]:
    """Return the sends of the issue that `named` means; UsageError if it was never sent."""
    from mailer.compose.issue.source import default_slug, slug_of

    if found := app.ledger.sends(named):
        return found
    # A file that is gone by now still has a name.
    slug = slug_of(issue_file(app, named)) if _files_named(app, named) else default_slug(Path(named))
    if found := app.ledger.sends(slug):
        return found
    known = sorted({send.slug for send in app.ledger.sends()})
    near = get_close_matches(slug, known, n=3, cutoff=0.5) or known[-5:]
    raise UsageError(
        f"no issue {named!r} was ever sent",
        next_step=f"Sent so far: {', '.join(near)}. All of them: mailer status"
        if known
        else "Send one with: mailer send-issue ISSUE",
    )


@dataclass(slots=True)
class Shelved:
    """One issue file: what it says as far as it can be read, what keeps it from going out, what became of it.

    `front` has the fields of Issue that front matter sets; `issue` is None for one that can't be sent yet.
    """

    path: Path
    front: Mapping[str, Any]
    issue: Issue | None
    problem: str = ""
    sends: list[Report] = field(default_factory=list)
    scheduled: list[Schedule] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """What a send of it is known by."""
        return str(self.front["slug"])

    @property
    def title(self) -> str:
        """The headline, as far as there is one."""
        return self.issue.title if self.issue else self.front.get("title", "")


def shelf(app: App) -> list[Shelved]:
    """Return every issue file of the workspace, and what became of it."""
    from mailer.compose.issue.source import NO_TEXT, front_of, issue_files, load_issue
    from mailer.ledger.schedules import ScheduleState

    files = issue_files(app.root / "issues")
    fronts = {file: front_of(file) for file in files}
    sharing = Counter(front["slug"] for front in fronts.values())
    known = {each.name: each for each in app.lists.all()} if app.has_database else {}
    waiting = app.schedules.all(ScheduleState.WAITING) if app.has_database else []
    found = []
    for file, front in fronts.items():
        try:
            issue, problem = _inherited(app, load_issue(file)[0], known), ""
        except IssueError as error:
            issue, problem = None, "no text yet" if error.problem.endswith(NO_TEXT) else "unreadable"
        shelved = Shelved(file, front, issue)
        shelved.problem = problem or _problem(shelved, known, sharing[shelved.slug])
        if app.has_database:
            shelved.sends = [report_on(app, each) for each in app.ledger.sends(shelved.slug)]
        shelved.scheduled = [each for each in waiting if app.root / each.issue == file]
        found.append(shelved)
    return found


def _inherited(app: App, issue: Issue, known: Mapping[str, SubscriberList]) -> Issue:
    from mailer.compose.issue.inherited import as_sent_to, in_language

    first, language = next(iter(issue.lists), ""), app.settings.language
    return as_sent_to(known[first], issue, language) if first in known else in_language(issue, language)


def _problem(shelved: Shelved, known: Mapping[str, SubscriberList], sharing: int) -> str:
    """Return in a word or two what keeps an issue from going out as it stands."""
    if sharing > 1:
        return "same slug as another"
    if shelved.front.get("draft"):
        return "draft"
    for name in shelved.front.get("lists", ()) if known else ():
        if name not in known:
            return f"no list {name}"
        if known[name].archived_at:
            return f"list {name} archived"
    return ""
