"""`mailer send-issue --corrected` and `--erratum`: plan, confirm, correct, send, account for everyone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import click

from mailer.cli.send import ask, go_on, look_over
from mailer.domain.delivery import Halt
from mailer.engine.correcting import Correcting, Correction
from mailer.engine.standing import send_command
from mailer.errors import ExitCode, PlanRefused, worst

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.cli.send import Options
    from mailer.engine.report import Report
    from mailer.engine.sending import Job, Sending


def correct(app: App, sending: Sending, job: Job, named: str, options: Options) -> NoReturn:
    """Let who has no copy get the job's text, and with --erratum those who got another one; end."""
    look_over(sending, job, named, options)
    correcting = Correcting(sending)
    plan = correcting.plan(job, app.now(), erratum=options.erratum, failed=options.retry_failed)
    _refuse_or_show(plan, named, options)
    if options.dry_run:
        raise click.exceptions.Exit(ExitCode.COMPLETE)
    if changes := plan.changed or plan.errata > 0:
        _ask(app, plan, options)
    send = correcting.correct(plan, app.now())
    # Frozen before anything goes out: whoever is killed from here on has both to go on with.
    if plan.marked:
        correcting.begin_erratum(plan.marked, send, app.now(), limited_by=options.limited_by)
    asked = replace(options, yes=options.yes or changes)
    reports = [go_on(app, sending, send, replace(asked, quiet=options.quiet or not plan.waiting))]
    for erratum in correcting.revisions.errata(send) if options.erratum else ():
        rest = _rest(asked, reports)
        if rest and erratum.halted is not Halt.CANCELLED:
            reports.append(go_on(app, sending, erratum, rest))
    _finish([replace(report, named=named) for report in reports], as_json=options.as_json)


def _refuse_or_show(plan: Correction, named: str, options: Options) -> None:
    if not plan.changed and not plan.errata:
        if not options.quiet:
            click.echo(
                f"{plan.send.slug}: the text is the one that the send has; nothing to correct.", err=True
            )
    elif not plan.waiting and not options.erratum:
        erratum = send_command(plan.send, "--erratum", named=named)
        raise PlanRefused(
            f"nobody is left to get the corrected text of {plan.send.slug}: all who get it have another one",
            next_step=f"To send it to them, marked as a correction: {erratum}",
        )
    elif options.dry_run or not (options.quiet and options.yes):
        click.echo(plan.text(), err=True)


def _ask(app: App, plan: Correction, options: Options) -> None:
    if not options.yes:
        errata = f" and {plan.errata:,} errata" if plan.errata else ""
        ask(f"Send {plan.waiting:,} corrected{errata} through {app.smtp_account.where}?")


def _rest(options: Options, reports: list[Report]) -> Options | None:
    """Return the options for what comes after these, None if nothing more may go."""
    if any(report.interrupted or report.stopped_by for report in reports):
        return None
    if options.limit is None:
        return options
    left = options.limit - sum(report.settled for report in reports)
    return replace(options, limit=left) if left > 0 else None


def _finish(reports: list[Report], *, as_json: bool) -> NoReturn:
    first, *errata = reports
    if as_json:
        data = first.data() | {"errata": [erratum.data() for erratum in errata]}
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        click.echo("\n".join(report.text() for report in reports))
    raise click.exceptions.Exit(worst({report.exit_code for report in reports}))
