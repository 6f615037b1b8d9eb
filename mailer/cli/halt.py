"""A person's word to a whole send, from any terminal: `pause`, `resume`, `cancel`."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from mailer.cli.saying import say
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
        send
        for send in sends_of(app, issue)
        if app.accounts.totals(send).open and app.ledger.pause(send, app.user, app.now())
    ]
    if not paused:
        raise _in_vain(app, issue, f"nothing of {issue} is left to pause")
    for send in paused:
        click.echo(f"Paused {send.label} to {send.audience}.")
    say(f"  next: mailer resume {paused[0].slug}", err=True)


@click.command()
@click.argument("issue")
@click.pass_obj
def resume(app: App, issue: str) -> None:
    """Let ISSUE go on that was paused, or held by --limit or --warmup.

    `mailer run`, `mailer tick` and send-issue go on with it then.
    """
    from mailer.cli.issues import sends_of
    from mailer.engine.standing import send_command

    resumed = [send for send in sends_of(app, issue) if app.ledger.resume(send)]
    if not resumed:
        raise _in_vain(app, issue, f"{issue} is neither paused nor held")
    for send in resumed:
        left = app.accounts.totals(send).open
        click.echo(f"{send.label} to {send.audience} may go on: {left:,} to send.")
    for send in resumed:
        say(f"  next: unless `mailer run` or `tick` does it: {send_command(send)}", err=True)


@click.command()
@click.argument("issue")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.pass_obj
def cancel(app: App, issue: str, yes: bool) -> None:
    """Stop sending ISSUE for good; who has not got it never will, unless it is sent with --again."""
    from mailer.cli.issues import sends_of
    from mailer.cli.send import ask
    from mailer.engine.standing import who_got_it
    from mailer.schedule.standing import waiting_for

    sends = [send for send in sends_of(app, issue) if app.accounts.totals(send).open]
    if not sends:
        raise _in_vain(app, issue, f"nothing of {issue} is left to cancel")
    left = sum(app.accounts.totals(send).open for send in sends)
    if not yes:
        ask(f"Cancel {issue} for the {left:,} people whose copy is still open?")
    for send in sends:
        app.ledger.cancel(send, app.user, app.now())
        click.echo(f"Cancelled {send.label} to {send.audience}: {who_got_it(app.accounts.totals(send))}.")
    for each in [each for slug in {send.slug for send in sends} for each in waiting_for(app, slug)]:
        still = f"schedule {each.id} waits to send it to {each.audience}"
        say(f"  next: {still}; take it back with: mailer schedule remove {each.id}", err=True)


def _in_vain(app: App, issue: str, problem: str) -> UsageError:
    from mailer.cli.issues import sends_of
    from mailer.engine.standing import halt_words

    latest = sends_of(app, issue)[-1]
    halted = f": it was {halt_words(latest)}" if latest.halted else ""
    return UsageError(f"{problem}{halted}", next_step=f"See: mailer status {quote(issue)}")
