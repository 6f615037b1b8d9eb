"""`mailer send-issue --corrected` and `--erratum`: plan, confirm, correct, send, account for everyone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import click

from mailer.cli.send import go_on, say_findings
from mailer.cli.terminal import ask
from mailer.errors import ExitCode, worst
from mailer.services.correct import Correcting

if TYPE_CHECKING:
    from mailer.cli.send import Options
    from mailer.services.prepare import PreparedSend
    from mailer.services.report import Report


def correct(prepared: PreparedSend, options: Options) -> NoReturn:
    """Let who has no copy get the issue's text, and with --erratum those who got another one; end."""
    correcting = Correcting(
        prepared,
        erratum=options.erratum,
        failed=options.retry_failed,
        force=options.force or options.dry_run,
    )
    prepared.refuse_errors(force=correcting.force)
    say_findings(prepared, options)
    plan = correcting.plan()
    changes = plan.changed or plan.errata > 0
    if changes:
        if options.dry_run or not (options.quiet and options.yes):
            click.echo(plan.text(), err=True)
    elif not options.quiet:
        click.echo(f"{plan.send.slug}: the text is the one that the send has; nothing to correct.", err=True)
    if options.dry_run:
        raise click.exceptions.Exit(ExitCode.COMPLETE)
    if changes and not options.yes:
        errata = f" and {plan.errata:,} errata" if plan.errata else ""
        ask(f"Send {plan.waiting:,} corrected{errata} through {prepared.app.smtp_account.where}?")
    send = correcting.correct(plan, options.portion.limited_by)
    asked = replace(options, yes=options.yes or changes)
    reports = [go_on(prepared, send, replace(asked, quiet=options.quiet or not plan.waiting))]
    for erratum in correcting.errata(send):
        if rest := asked.portion.after(reports):
            reports.append(go_on(prepared, erratum, replace(asked, limit=rest.limit)))
    _finish([replace(report, named=prepared.named) for report in reports], as_json=options.as_json)


def _finish(reports: list[Report], *, as_json: bool) -> NoReturn:
    first, *errata = reports
    if as_json:
        data = first.data() | {"errata": [erratum.data() for erratum in errata]}
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        click.echo("\n".join(report.text() for report in reports))
    raise click.exceptions.Exit(worst({report.exit_code for report in reports}))
