"""`mailer send-issue`: plan, confirm, send, account for everyone."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli import loading
from mailer.cli.segment_options import segment_options
from mailer.cli.stage_options import stage_options
from mailer.cli.terminal import announce_settings, ask, from_here, say, warn
from mailer.domain.rollout import counted
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.rollout import Rollout
    from mailer.domain.send import Send
    from mailer.domain.warmup import WarmUp
    from mailer.services.continuing import Portion
    from mailer.services.prepare import PreparedSend, SendRequest
    from mailer.services.report import Report


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line, beyond which issue."""

    list_names: tuple[str, ...]
    excluded: tuple[str, ...]
    segment: str | None
    excluded_segments: tuple[str, ...]
    subject: str | None
    test: tuple[str, ...]
    dry_run: bool
    output: Path | None
    limit: int | None
    rate: float | None
    warmup: WarmUp | None
    workers: int | None
    yes: bool
    force: bool
    again: bool
    corrected: bool
    erratum: bool
    uncorrected: bool
    at: str | None
    by_local_time: bool
    stages: str | None
    hold: str | None
    stop_if: str | None
    resume_only: bool
    retry_failed: bool
    resend_uncertain: bool
    accept_uncertain: bool
    as_json: bool
    quiet: bool

    @property
    def correction(self) -> bool:
        """Whether the issue was edited, and its new text is to go out."""
        return self.corrected or self.erratum

    @property
    def portion(self) -> Portion:
        """How much goes this time."""
        from mailer.services.continuing import Portion

        return Portion(self.limit, self.warmup, self.rate, self.workers)

    @property
    def rollout(self) -> Rollout | None:
        """In which stages it goes, if not to all at once."""
        from mailer.cli.stage_options import rollout_of

        return rollout_of(self.stages, self.hold, self.stop_if)


def warmup_plan(context: click.Context, option: click.Parameter, value: str | None) -> WarmUp | None:
    """Return the plan that was typed."""
    from mailer.domain.warmup import WarmUp

    try:
        return WarmUp.parse(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None


@click.command("send-issue")
@click.argument("issue")
@click.option(
    "--list", "-l", "list_names", multiple=True, metavar="L", help="A list that gets it; repeatable."
)
@click.option("--exclude", "excluded", multiple=True, metavar="L", help="A list whose subscribers don't.")
@segment_options
@click.option("--subject", metavar="TEXT", help="The subject instead of the issue's own.")
@click.option(
    "--test",
    multiple=True,
    metavar="ADDR",
    help="One message to this address, outside the ledger; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Plan and render everything, send nothing, record nothing.")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="With --dry-run: write each message there as an .eml file.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after N messages this time.")
@click.option(
    "--warmup",
    metavar="PLAN",
    callback=warmup_plan,
    help="So many today, more each day: 50x1.5 or 50,100,200.",
)
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="Messages a second at most."
)
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes that send side by side.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask; needed where there is no terminal.")
@click.option("--force", is_flag=True, help="Send it whatever `mailer check` finds: a draft, say.")
@click.option("--again", is_flag=True, help="Send a finished issue once more to the same audience.")
@click.option(
    "--corrected", is_flag=True, help="The issue was edited in mid-send: who has none yet gets the new text."
)
@click.option(
    "--erratum",
    is_flag=True,
    help="As --corrected; who got another text gets this one, marked as a correction.",
)
@click.option(
    "--uncorrected",
    is_flag=True,
    help="The issue was edited in mid-send: go on with the text that the send has.",
)
@click.option(
    "--at",
    metavar="TIME",
    help='Later: "2026-12-01 08:00" (in TZ), or "in 3h"; as `mailer schedule add`.',
)
@click.option(
    "--local",
    "by_local_time",
    is_flag=True,
    help="With --at: when it is that where each reader is. Begun now, sent by `mailer run` or `tick`.",
)
@stage_options
@click.option("--resume-only", is_flag=True, help="Go on with a send that was begun; never begin one.")
@click.option("--retry-failed", is_flag=True, help="Queue again what the server refused for good.")
@click.option("--resend-uncertain", is_flag=True, help="Send again where the answer was lost.")
@click.option("--accept-uncertain", is_flag=True, help="Count as delivered where the answer was lost.")
@click.option("--json", "as_json", is_flag=True, help="The summary as data, on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No plan and no progress, only the summary and errors.")
@click.pass_obj
def send_issue(app: App, /, issue: str, **asked: object) -> None:
    """Send ISSUE (a file, or its slug) to every subscriber of its lists, each exactly once.

    `mailer check` and the plan come first: who gets it, who does not and why, and every message rendered,
    before anything is sent. Run the same command again to go on with a send that was stopped.

    Exit codes: 0 complete; 2 usage, setting or template; 3 refused by the check or the plan, or a person
    paused or cancelled it; 4 finished with permanent failures; 5 uncertain deliveries need a decision; 75 not
    all is sent or another process is at it, run again; 130 interrupted.
    """
    options = Options(**asked)  # type: ignore[arg-type]  # click made them of the options above
    _refuse_contradictions(options)
    with loading():
        from mailer.services.prepare import prepare

        announce_settings(app)
        request = _request(app, issue, options)
        if options.at and not options.by_local_time:
            from mailer.cli.clock import add_issue

            add_issue(app, request, options.at, rollout=options.rollout)
            return
        prepared = prepare(app, request, warn)
    if options.test:
        from mailer.cli.trial import send_tests

        send_tests(prepared, options)
    elif options.dry_run and not options.correction:
        from mailer.cli.trial import make_all

        make_all(prepared, options)
    else:
        with app.at_work():
            _send(prepared, options)


def _request(app: App, issue: str, options: Options) -> SendRequest:
    from mailer.services.issues import issue_file
    from mailer.services.prepare import SendRequest

    return SendRequest(
        issue_file(app, issue),
        issue,
        options.list_names,
        options.excluded,
        options.subject,
        options.segment,
        options.excluded_segments,
    )


def _refuse_contradictions(options: Options) -> None:
    if options.resend_uncertain and options.accept_uncertain:
        raise UsageError("--resend-uncertain and --accept-uncertain exclude each other")
    if sum((options.again, options.correction, options.uncorrected)) > 1:
        raise UsageError("--again, --corrected (or --erratum) and --uncorrected exclude each other")
    if options.erratum and (options.resend_uncertain or options.accept_uncertain):
        raise UsageError(
            "who is uncertain has to be decided before it is known who gets an erratum",
            next_step="Run it without --erratum first, then with --erratum alone.",
        )
    if options.by_local_time and not options.at:
        raise UsageError("--local needs a time", next_step='Such as: --at "09:00" --local')
    if options.rollout and options.by_local_time:
        raise UsageError("--local and --stages exclude each other", next_step="Leave out one of them.")
    if options.rollout and options.correction:
        raise UsageError("a correction goes in the stages of its send", next_step="Leave out --stages.")
    if options.at and options.subject and not options.by_local_time:
        raise UsageError(
            "--at and --subject exclude each other", next_step="Write the subject into the issue."
        )
    if options.output and (not options.dry_run or options.correction):
        raise UsageError("-o writes the messages of a rehearsal", next_step="Add --dry-run, or leave out -o.")


def say_findings(prepared: PreparedSend, options: Options) -> None:
    """Say which errors an issue has that is sent all the same, and how many there are of the rest."""
    for line in prepared.errors:
        click.echo(f"{click.style('Error:', fg='red')}{line[1:]}", err=True)
    if prepared.counted and not options.quiet:
        named = shlex.quote(prepared.named)
        say(f"Check: {prepared.counted}; `mailer check {named}` shows them.", err=True)


def _send(prepared: PreparedSend, options: Options) -> None:
    from mailer.services.begin import existing

    if options.correction:
        from mailer.cli.correction import correct

        correct(prepared, options)
    if send := existing(prepared, again=options.again, edited=options.uncorrected):
        report = go_on(prepared, send, options)
    else:
        report = _begin(prepared, options)
    report = replace(report, named=prepared.named)
    click.echo(json.dumps(report.data(), ensure_ascii=False) if options.as_json else from_here(report.text()))
    raise click.exceptions.Exit(report.exit_code)


def _begin(prepared: PreparedSend, options: Options) -> Report:
    from mailer.cli.progress import bar
    from mailer.services.begin import begin, plan, refuse_unfit
    from mailer.services.local_time import local_time

    if options.resume_only:
        raise UsageError(
            f"no send of {prepared.job.issue.slug} to {prepared.job.audience} was begun",
            next_step="Leave out --resume-only to begin one.",
        )
    refuse_unfit(prepared, again=options.again, force=options.force)
    say_findings(prepared, options)
    local = local_time(prepared.app, options.at) if options.at else None
    if not options.yes:
        planned = plan(
            prepared, again=options.again, force=options.force, local=local, rollout=options.rollout
        )
        click.echo(planned.text(), err=True)
        ask(f"Send it to {counted(planned.recipients)} through {prepared.app.smtp_account.where}?")
    begun = begin(
        prepared,
        again=options.again,
        force=options.force,
        limited_by=options.portion.limited_by,
        local=local,
        rollout=options.rollout,
        watch=partial(bar, quiet=options.quiet),
    )
    if begun.plan and options.yes and not options.quiet:
        click.echo(begun.plan.text(), err=True)
    return _run(prepared, begun.send, options)


def go_on(prepared: PreparedSend, send: Send, options: Options) -> Report:
    """Ask, and send what is left of a send that was begun."""
    from mailer.services.begin import changed_segments
    from mailer.services.continuing import Decisions, take_up
    from mailer.services.stages import refuse_other_stages

    refuse_other_stages(send, options.rollout)
    for words in changed_segments(prepared, send):
        warn(words)
    decisions = Decisions(options.resend_uncertain, options.accept_uncertain, options.retry_failed)
    report = take_up(prepared.app, send, decisions)
    for words in report.decided:
        click.echo(words, err=True)
    waits = report.holds and not options.portion.limited_by
    if not (report.queued or waits):
        if not options.quiet and not report.cancelled:
            click.echo(f"{send.slug}: nothing to do{_because(report)}.", err=True)
        return report
    if not options.yes:
        where = prepared.app.smtp_account.where
        number = report.totals.open if waits else report.queued
        ask(f"Go on with {send.slug} ({number:,} to send) through {where}?")
    return _run(prepared, send, options)


def _tell(options: Options, words: str) -> None:
    if not options.quiet:
        click.echo(words, err=True)


def _because(report: Report) -> str:
    return " now" if report.totals.open else f", it went to {report.send.audience} before"


def _run(prepared: PreparedSend, send: Send, options: Options) -> Report:
    from mailer.cli import complain
    from mailer.cli.progress import bar
    from mailer.services.continuing import go_on
    from mailer.services.notice_findings import tell_all
    from mailer.services.return_alerts import tell

    watch = partial(bar, quiet=options.quiet)
    report = go_on(prepared.app, send, options.portion, watch, partial(_tell, options))
    tell(prepared.app, warn)
    tell_all(prepared.app)
    if report.fault:
        complain(report.fault)
    if report.held:
        click.echo(f"Waiting: {report.held}", err=True)
    return report
