"""What tries a send without a ledger: `--test` and `--dry-run`."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, NoReturn

import click

from mailer.cli.progress import bar
from mailer.cli.send import say_findings
from mailer.errors import worst
from mailer.services.begin import plan, refuse_unfit
from mailer.services.local_time import local_time
from mailer.services.trial import dry_run, send_trial_mails

if TYPE_CHECKING:
    from mailer.cli.send import Options
    from mailer.services.prepare import PreparedSend


def make_all(prepared: PreparedSend, options: Options) -> None:
    """Plan, then render every message in full; write them to the folder that was named, if one was."""
    refuse_unfit(prepared, again=options.again, force=True)
    say_findings(prepared, options)
    local = local_time(prepared.app, options.at) if options.at else None
    planned = plan(prepared, again=options.again, force=True, local=local, rollout=options.rollout)
    click.echo(planned.text(), err=True)
    with bar("Rendering", planned.recipients) as progress:
        done = dry_run(prepared, options.output, progress, again=options.again)
    if done.open_to_others:
        click.echo(
            f"Note: others may look into {done.written} and see by the names of the files who gets the "
            "issue; the messages only you can read. To close it: "
            f"chmod 700 {shlex.quote(str(done.written))}",
            err=True,
        )
    if options.as_json:
        data = {"issue": planned.slug, "revision": planned.revision, "audience": planned.recipients}
        click.echo(json.dumps(data | {"excluded": planned.excluded, "octets": done.octets, "dry_run": True}))
        return
    where = f", written to {done.written}" if done.written else ""
    messages = f"{planned.recipients:,} message{'s' * (planned.recipients != 1)}"
    click.echo(f"Dry run: {messages} rendered ({done.octets:,} octets){where}; nothing was sent.")


def send_tests(prepared: PreparedSend, options: Options) -> NoReturn:
    """Send one message to each address that was typed, and say what the server answered."""
    say_findings(prepared, options)
    codes = set()
    for mail in send_trial_mails(prepared, options.test):
        words, code = mail.result()
        codes.add(code)
        click.echo(f"{mail.address.typed}: {words}")
    raise click.exceptions.Exit(worst(codes))
