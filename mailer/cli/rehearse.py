"""The rehearsals of `send-issue`: `--test` and `--dry-run`."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.errors import ExitCode, UsageError, worst

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.address import Address
    from mailer.engine.sending import Job, Sending


def dry_run(sending: Sending, job: Job, output: Path | None, *, again: bool, as_json: bool) -> None:
    """Plan, then render every message in full; write them to `output` if given."""
    from mailer.cli.progress import bar
    from mailer.engine.plan import split
    from mailer.engine.trial import write_files

    plan = sending.plan(job, again=again)
    click.echo(plan.text(), err=True)
    recipients = split(sending.ledger.preview(job.issue.slug, job.audience, again=again), Counter())
    octets = 0
    with bar("Rendering", plan.recipients) as progress:
        for size in write_files(job.template, sending.personaliser(job), recipients, output):
            octets += size
            progress(1)
    written = output if plan.recipients else None
    if written:
        _tell_of_others(written)
    if as_json:
        data = {"issue": plan.slug, "revision": plan.revision, "audience": plan.recipients}
        click.echo(json.dumps(data | {"excluded": plan.excluded, "octets": octets, "dry_run": True}))
        return
    where = f", written to {written}" if written else ""
    click.echo(
        f"Dry run: {plan.recipients:,} messages rendered ({octets:,} octets){where}; nothing was sent."
    )


def _tell_of_others(folder: Path) -> None:
    from mailer.private import open_to_others

    if open_to_others(folder):
        click.echo(
            f"Note: others may look into {folder} and see by the names of the files who gets the issue; the "
            f"messages only you can read. To close it: chmod 700 {shlex.quote(str(folder))}",
            err=True,
        )


def send_tests(app: App, sending: Sending, job: Job, typed: tuple[str, ...]) -> None:
    """Send one message to each address that was typed, and say what the server answered."""
    from mailer.engine.stopping import run_until_stopped
    from mailer.engine.trial import marked, stand_in
    from mailer.engine.trial import send_tests as send
    from mailer.proof.proofs import Proofs

    addresses = [_address(text) for text in typed]
    job = sending.prepare(marked(job.issue), job.audience, job.lists)
    personaliser = sending.personaliser(job)
    example = Proofs(sending.compiler, sending.ledger).reader(job)
    recipients = [stand_in(address, app.directory.person(address.key), example) for address in addresses]
    outcomes = run_until_stopped(
        lambda stop: send(job.template, personaliser, recipients, app.smtp_account, stop)
    )
    codes = set()
    for address, outcome in zip(addresses, outcomes, strict=True):
        words, code = _said(outcome)
        codes.add(code)
        click.echo(f"{address.typed}: {words}")
    raise click.exceptions.Exit(worst(codes))


def _address(text: str) -> Address:
    from mailer.domain.address import Address

    try:
        return Address.parse(text)
    except ValueError as error:
        raise UsageError(f"--test {text}: {error}") from None


def _said(outcome: object) -> tuple[str, ExitCode]:
    from mailer.domain.outcome import Accepted, Deferred, Rejected, Uncertain, Untried

    match outcome:
        case Accepted(reply):
            return f"accepted: {reply}", ExitCode.COMPLETE
        case Deferred(reply):
            return f"deferred: {reply}", ExitCode.AGAIN
        case Rejected(reply):
            return f"refused: {reply}", ExitCode.FAILURES
        case Uncertain(reason):
            return f"uncertain: {reason}", ExitCode.UNCERTAIN
        case Untried(reason):
            return f"not sent: {reason}", ExitCode.AGAIN
    raise AssertionError(outcome)
