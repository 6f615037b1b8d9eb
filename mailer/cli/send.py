"""`mailer send-issue`: plan, confirm, send, account for everyone."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.saying import from_here, say
from mailer.errors import AccountFault, EveryoneRefused, ExitCode, ServerUnavailable, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.issue import Issue
    from mailer.domain.send import Send
    from mailer.domain.warmup import WarmUp
    from mailer.engine.report import Report
    from mailer.engine.sending import Job, Sending


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line, beyond which issue."""

    list_names: tuple[str, ...]
    excluded: tuple[str, ...]
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
    resume_only: bool
    retry_failed: bool
    resend_uncertain: bool
    accept_uncertain: bool
    as_json: bool
    quiet: bool

    @property
    def limited_by(self) -> str | None:
        """The options by which this run sends a part only: the rest is a person's to send."""
        limit = f"--limit {self.limit}" if self.limit else ""
        warmup = f"--warmup {self.warmup}" if self.warmup else ""
        return " ".join(filter(None, (limit, warmup))) or None


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
    from mailer.cli.issues import load

    options = Options(**asked)  # type: ignore[arg-type]  # click made them of the options above
    if options.resend_uncertain and options.accept_uncertain:
        raise UsageError("--resend-uncertain and --accept-uncertain exclude each other")
    if sum((options.again, options.corrected or options.erratum, options.uncorrected)) > 1:
        raise UsageError("--again, --corrected (or --erratum) and --uncorrected exclude each other")
    if options.erratum and (options.resend_uncertain or options.accept_uncertain):
        raise UsageError(
            "who is uncertain has to be decided before it is known who gets an erratum",
            next_step="Run it without --erratum first, then with --erratum alone.",
        )
    if options.output and (not options.dry_run or options.corrected or options.erratum):
        raise UsageError("-o writes the messages of a rehearsal", next_step="Add --dry-run, or leave out -o.")
    announce_settings(app)
    loaded = load(app, issue)
    sending = app.sending(rate=options.rate, warmup=options.warmup)
    job = job_for(app, sending, loaded, options.list_names, options.excluded, options.subject)
    if options.test:
        from mailer.cli.rehearse import send_tests

        look_over(sending, job, issue, options)
        send_tests(app, sending, job, options.test)
    elif options.dry_run and not (options.corrected or options.erratum):
        from mailer.cli.rehearse import dry_run

        _refuse_renamed(app, sending, job, issue, options)
        look_over(sending, job, issue, options)
        dry_run(sending, job, options.output, again=options.again, as_json=options.as_json)
    else:
        with app.at_work():
            _send(app, sending, job, issue, options)


def announce_settings(app: App) -> None:
    """Say in one line that the defaults are used, where there is no .env."""
    if not (app.root / ".env").is_file():
        where = f"{app.settings.smtp_host}:{app.settings.smtp_port}"
        click.echo(
            f"No .env in {app.root}: using the defaults; mail goes to {where} (`mailer sandbox`).", err=True
        )


def job_for(
    app: App,
    sending: Sending,
    issue: Issue,
    list_names: Sequence[str],
    excluded_names: Sequence[str],
    subject: str | None = None,
) -> Job:
    """Compile the issue for the lists that were asked for, or its own; say what its text warns of."""
    from mailer.cli.issues import warn
    from mailer.domain.audience import Audience

    names = list_names or issue.lists
    if not names:
        known = ", ".join(each.name for each in app.lists.all()) or "none yet: mailer lists create NAME"
        raise UsageError(
            f"to which list? {issue.path} names none", next_step=f"Add --list L. Lists: {known}."
        )
    lists = [app.lists.named(name) for name in dict.fromkeys(names)]
    excluded = tuple(app.lists.named(name).name for name in excluded_names)
    job = sending.prepare(issue, Audience(tuple(each.name for each in lists), excluded), lists, subject)
    warn(job.composed.body.notices)
    return job


def look_over(sending: Sending, job: Job, named: str, options: Options) -> None:
    """Check the issue: refuse errors unless this is a rehearsal or forced, and count the rest."""
    from mailer.check.finding import Severity, counted
    from mailer.proof.proofread import errors_in, proofread, refuse_errors

    findings = proofread(sending, job)
    if options.test or options.dry_run or options.force:
        for line in errors_in(findings):
            click.echo(f"{click.style('Error:', fg='red')}{line[1:]}", err=True)
    else:
        refuse_errors(named, findings)
    if (told := counted(findings, Severity.ERROR, Severity.WARNING)) and not options.quiet:
        say(f"Check: {told}; `mailer check {shlex.quote(named)}` shows them.", err=True)


def _refuse_renamed(app: App, sending: Sending, job: Job, named: str, options: Options) -> None:
    from mailer.services.renamed import refuse_renamed

    if not options.again:
        refuse_renamed(sending, job, app.root / "issues", named)


def _send(app: App, sending: Sending, job: Job, named: str, options: Options) -> None:
    sending.dispatcher.recover(app.now())
    if options.corrected or options.erratum:
        from mailer.cli.correction import correct

        correct(app, sending, job, named, options)
    send = sending.existing(job, again=options.again, edited=options.uncorrected, named=named)
    if send is None:
        send = _begin(app, sending, job, named, options)
        report = run(app, sending, send, options)
    else:
        report = go_on(app, sending, send, options)
    finish(replace(report, named=named), as_json=options.as_json)


def finish(report: Report, *, as_json: bool) -> None:
    """Print the summary and end with the exit code that it calls for."""
    click.echo(json.dumps(report.data(), ensure_ascii=False) if as_json else from_here(report.text()))
    raise click.exceptions.Exit(report.exit_code)


def _begin(app: App, sending: Sending, job: Job, named: str, options: Options) -> Send:
    if options.resume_only:
        raise UsageError(
            f"no send of {job.issue.slug} to {job.audience} was begun",
            next_step="Leave out --resume-only to begin one.",
        )
    _refuse_renamed(app, sending, job, named, options)
    look_over(sending, job, named, options)
    if not options.yes:
        plan = sending.plan(job, again=options.again)
        click.echo(plan.text(), err=True)
        ask(f"Send it to {plan.recipients:,} people through {app.smtp_account.where}?")
    send, frozen = sending.begin(job, app.now(), again=options.again, limited_by=options.limited_by)
    if frozen and options.yes and not options.quiet:
        click.echo(frozen.text(), err=True)
    return send


def go_on(app: App, sending: Sending, send: Send, options: Options) -> Report:
    """Ask, and send what is left of a send that was begun."""
    from mailer.domain.delivery import Halt
    from mailer.engine.standing import refuse_halted

    with sending.dispatcher.sending(send):
        pass  # that another process is at it is said before anything is asked
    if not (options.accept_uncertain and send.halted is Halt.CANCELLED):
        refuse_halted(send, sending.report(send).totals)
    _decide(app, sending, send, options)
    sending.dispatcher.prepare(send, app.now())
    report = sending.report(send)
    waiting = report.queued
    if not waiting:
        if not options.quiet and send.halted is not Halt.CANCELLED:
            click.echo(f"{send.slug}: nothing to do{_because(report)}.", err=True)
        return report
    if not options.yes:
        ask(f"Go on with {send.slug} ({waiting:,} to send) through {app.smtp_account.where}?")
    return run(app, sending, send, options)


def _because(report: Report) -> str:
    return " now" if report.totals.open else f", it went to {report.send.audience} before"


def _decide(app: App, sending: Sending, send: Send, options: Options) -> None:
    from mailer.domain.delivery import State

    decisions: Sequence[tuple[bool, State, State, str]] = (
        (options.resend_uncertain, State.UNCERTAIN, State.QUEUED, "decided: --resend-uncertain"),
        (options.accept_uncertain, State.UNCERTAIN, State.ACCEPTED, "decided: --accept-uncertain"),
        (options.retry_failed, State.FAILED, State.QUEUED, "decided: --retry-failed"),
    )
    for asked, before, after, reason in decisions:
        if asked:
            moved = sending.ledger.decide(send, before, after, reason, app.now())
            click.echo(f"{moved:,} {before} -> {after}", err=True)


def ask(question: str) -> None:
    """Ask on the terminal; end with 0 if the answer is no. UsageError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "there is no terminal to ask on", next_step="Add --yes to go on without being asked."
        )
    if not click.confirm(question, err=True):
        click.echo("Nothing was done.", err=True)
        raise click.exceptions.Exit(ExitCode.COMPLETE)


def run(app: App, sending: Sending, send: Send, options: Options) -> Report:
    """Send what may go now; AtWork while another process does."""
    with sending.dispatcher.sending(send):
        report = _work(app, sending, send, options)
        if not report.queued:
            sending.ledger.unlimit(send)  # it held nobody back
        return replace(report, send=sending.ledger.reread(send))


def _work(app: App, sending: Sending, send: Send, options: Options) -> Report:
    from mailer.cli import complain
    from mailer.cli.progress import bar
    from mailer.engine.stopping import run_until_stopped

    if options.limited_by:
        sending.ledger.limit(send, options.limited_by, app.now())
    else:
        sending.ledger.unlimit(send)
    waiting = sending.report(send).queued
    limit = sending.dispatcher.within(options.limit, app.now())
    if _held(app, sending, send):
        return sending.report(send)
    total = waiting if limit is None else min(waiting, limit)
    # Processes are forked before the bar has its thread.
    with (
        sending.crew(send, app.now, total, options.workers, limit=limit) as crew,
        bar(f"Sending {send.slug}", total, quiet=options.quiet) as progress,
    ):
        try:
            report = run_until_stopped(
                lambda stop: sending.run(send, app.now(), stop, limit=limit, progress=progress, crew=crew)
            )
        except (AccountFault, EveryoneRefused, ServerUnavailable) as error:
            # What was sent before stands, and is summed up all the same.
            complain(error)
            report = replace(sending.report(send), stopped_by=ExitCode(error.exit_code))
    if report.queued and not report.interrupted and not report.stopped_by:
        _held(app, sending, send)
    return report


def _held(app: App, sending: Sending, send: Send) -> bool:
    """Whether nothing may go now; say why."""
    if held := sending.dispatcher.held(app.now()):
        said = sending.ledger.latest_deferral(send) if held.by_provider else None
        click.echo(f"Waiting: {held}." + (f" It said: {said}" if said else ""), err=True)
    return held is not None
