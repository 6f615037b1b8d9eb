"""`mailer init` and `mailer new`: a workspace, and an issue to write in it."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import say

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.pass_context
def init(ctx: click.Context, folder: Path | None) -> None:
    """Make a workspace in DIR (default: here): settings, issues, templates, subscribers.

    Nothing that is there already is changed, so running it again only fills in what is missing.
    """
    from mailer.workspace.scaffold import make_workspace, unprotected

    root = folder or (ctx.parent and ctx.parent.params.get("workspace")) or Path()
    for made in make_workspace(root):
        click.echo(f"{'kept' if made.kept else 'made'}  {root / made.path}")
    if unprotected(root):
        click.echo("Note: your .gitignore lets .env, which holds secrets, into a repository.", err=True)
    enter = [] if root.resolve() == Path.cwd() else [f"cd {shlex.quote(str(root))}"]
    click.echo("Next:", err=True)
    for step in [*enter, *FIRST_STEPS]:
        click.echo(f"  {step}", err=True)


FIRST_STEPS = (
    "mailer sandbox &          # an inbox on this machine; .env points at it",
    "mailer lists create weekly",
    "mailer subscribers import subscribers/example.csv --list weekly",
    "mailer send-issue issues/2026-11-22-harbour.md --list weekly",
)


@click.command()
@click.argument("title")
@click.option("--txt", is_flag=True, help="Plain text, in which nothing is interpreted, not Markdown.")
@click.pass_obj
def new(app: App, title: str, txt: bool) -> None:
    """Start an issue called TITLE: issues/<date>-<slug>.md with its front matter.

    Prints the path of the new file.
    """
    from mailer.workspace.draft import start_issue

    today = app.now().astimezone(app.settings.zone).date()
    path = start_issue(app.root / "issues", title, today, ".txt" if txt else ".md", app.settings.language)
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    click.echo(path)
    click.echo("Next: write it below the second ---, then see what would be sent:", err=True)
    say(f"  mailer preview {shlex.quote(str(path))} --serve", err=True)
    say(f"  mailer check {shlex.quote(str(path))}", err=True)
