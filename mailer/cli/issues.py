"""Which issue a command means: a path, a file in issues/, or a slug."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.issue import Issue, Notice
    from mailer.storage.send import Send

ENDINGS = (".md", ".html", ".txt")


def issue_file(app: App, named: str) -> Path:
    """Return the file that `named` means; one that is nowhere comes back as typed, to be complained of."""
    typed = Path(named)
    issues = app.root / "issues"
    places = [typed, app.root / typed, issues / typed, *(issues / f"{named}{ending}" for ending in ENDINGS)]
    places += [folder / f"index{ending}" for folder in (typed, issues / typed) for ending in ENDINGS]
    for place in places:
        if place.is_file():
            return place
    by_slug = sorted(path for ending in ENDINGS for path in issues.glob(f"*-{named}{ending}"))
    return by_slug[-1] if by_slug else typed


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
    """Return the sends of the issue that `named` means, a slug or a file; UsageError if it was never sent."""
    found = app.ledger.sends(named)
    if not found and (file := issue_file(app, named)).is_file():
        from mailer.compose.issue.source import load_issue

        found = app.ledger.sends(load_issue(file)[0].slug)
    if not found:
        known = sorted({send.slug for send in app.ledger.sends()})
        raise UsageError(
            f"no issue {named!r} was ever sent",
            next_step=f"Sent so far: {', '.join(known)}."
            if known
            else "Send one with: mailer send-issue ISSUE",
        )
    return found
