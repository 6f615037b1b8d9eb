"""Which issue a command means: by path, file name, folder, slug, or what of its name follows the date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.issue import Issue, Notice
    from mailer.domain.send import Send


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


def load(app: App, named: str) -> Issue:
    """Return the issue that `named` means, after saying on stderr what its file warns of."""
    from mailer.compose.issue.source import load_issue

    issue, notices = load_issue(issue_file(app, named), app.settings.language)
    warn(notices)
    return issue


def warn(notices: Iterable[Notice]) -> None:
    """Say on stderr what an editor should know and what stops nothing."""
    for notice in notices:
        click.echo(f"{click.style('Warning:', fg='yellow')} {notice}", err=True)


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
