"""A person's word to a whole send, from any terminal: `pause`, `resume`, `cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.command()
@click.argument("issue")
@click.pass_obj
def pause(app: App, issue: str) -> None:
    """Stop sending ISSUE within a second, wherever it is being sent; what is in flight is finished."""
    from mailer.cli.issues import sends_of

    paused = [
        send for send in sends_of(app, issue) if app.accounts.totals(send).open and app.ledger.pause(send)
    ]
    if not paused:
        raise UsageError(f"nothing of {issue} is left to pause", next_step=f"See: mailer status {issue}")
    for send in paused:
        click.echo(f"Paused {send.slug} to {send.audience}.")
    click.echo(f"  next: mailer resume {paused[0].slug}", err=True)


@click.command()
@click.argument("issue")
@click.pass_obj
def resume(app: App, issue: str) -> None:
    """Let a paused ISSUE go on: `mailer run` or `tick` does by itself, else run send-issue again."""
    from mailer.cli.issues import sends_of

    resumed = [send for send in sends_of(app, issue) if app.ledger.resume(send)]
    if not resumed:
        raise UsageError(f"{issue} is not paused", next_step=f"See: mailer status {issue}")
    for send in resumed:
        click.echo(f"{send.slug} to {send.audience} may go on.")
    click.echo(f"  next: mailer send-issue {resumed[0].slug}, unless `mailer run` is at work", err=True)


@click.command()
@click.argument("issue")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.pass_obj
def cancel(app: App, issue: str, yes: bool) -> None:
    """Stop sending ISSUE for good; who has not got it never will, unless it is sent with --again."""
    from mailer.cli.issues import sends_of
    from mailer.cli.send import ask

    sends = [send for send in sends_of(app, issue) if app.accounts.totals(send).open]
    if not sends:
        raise UsageError(f"nothing of {issue} is left to cancel", next_step=f"See: mailer status {issue}")
    left = sum(app.accounts.totals(send).open for send in sends)
    if not yes:
        ask(f"Cancel {issue} for the {left:,} people whose copy is still open?")
    for send in sends:
        app.ledger.cancel(send, app.now())
        click.echo(f"Cancelled {send.slug} to {send.audience}.")
