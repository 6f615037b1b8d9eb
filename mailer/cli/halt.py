"""A person's word to a whole send, from any terminal: `pause`, `resume`, `cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import ask, say
from mailer.domain.rollout import counted

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.command()
@click.argument("issue")
@click.pass_obj
def pause(app: App, issue: str) -> None:
    """Stop sending ISSUE within a second, wherever it is being sent; what is in flight is finished."""
    from mailer.services import halt

    paused = halt.pause(app, issue)
    for report in paused:
        click.echo(f"Paused {report.name}.")
    say(f"  next: mailer resume {paused[0].send.slug}", err=True)


@click.command()
@click.argument("issue")
@click.pass_obj
def resume(app: App, issue: str) -> None:
    """Let ISSUE go on that was paused, stopped by itself, or was held by --limit or --warmup.

    `mailer run`, `mailer tick` and send-issue go on with it then.
    """
    from mailer.services import halt

    resumed = halt.resume(app, issue)
    for report in resumed:
        click.echo(f"{report.name} may go on: {report.totals.open:,} to send.")
    for report in resumed:
        say(f"  next: unless `mailer run` or `tick` does it: {report.command}", err=True)


@click.command()
@click.argument("issue")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.pass_obj
def cancel(app: App, issue: str, yes: bool) -> None:
    """Stop sending ISSUE for good; who has not got it never will, unless it is sent with --again."""
    from mailer.services import halt

    left = halt.cancellable(app, issue)
    if not yes:
        people = sum(report.totals.open for report in left)
        ask(f"Cancel {issue} for the {counted(people)} whose copy is still open?")
    cancelled = halt.cancel(app, left)
    for report in cancelled.reports:
        click.echo(f"Cancelled {report.name}: {report.got_it}.")
    for each in cancelled.scheduled:
        still = f"schedule {each.id} waits to send it to {each.audience}"
        say(f"  next: {still}; take it back with: mailer schedule remove {each.id}", err=True)
