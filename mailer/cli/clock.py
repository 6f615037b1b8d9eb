"""Delivery on a clock: `schedule`, `run`, `tick`."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from mailer.cli.saying import say
from mailer.errors import PlanRefused, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.bootstrap import App
    from mailer.engine.sending import Job, Sending
    from mailer.schedule.standing import ScheduleStanding, ScheduleStandings


@click.group()
def schedule() -> None:
    """Set, show, move and remove times at which issues go out (through `mailer run` or `mailer tick`)."""


@schedule.command("add")
@click.argument("issue")
@click.option(
    "--list", "-l", "list_names", multiple=True, metavar="L", help="A list that gets it; repeatable."
)
@click.option("--exclude", "excluded", multiple=True, metavar="L", help="A list whose subscribers don't.")
@click.option(
    "--at",
    "typed",
    required=True,
    metavar="TIME",
    help='"2026-12-01 08:00" (in TZ) or RFC 3339 with an offset.',
)
@click.pass_obj
def add(app: App, issue: str, list_names: tuple[str, ...], excluded: tuple[str, ...], typed: str) -> None:
    """Send ISSUE at a time. The file is read when it is due; it is compiled now to find its mistakes."""
    from mailer.cli.issues import issue_file, load
    from mailer.cli.send import job_for
    from mailer.domain.moment import in_both_zones
    from mailer.ledger.schedules import Schedules
    from mailer.services.renamed import refuse_renamed

    zone = app.settings.zone
    due = _moment(app, typed)
    sending = app.sending()
    loaded = load(app, issue)
    job = job_for(app, sending, loaded, list_names, excluded)
    _look_over(sending, job, issue)
    path = _inside(app, issue_file(app, issue))
    _refuse_sent(sending, job)
    refuse_renamed(sending, job, app.root / "issues", issue)
    _refuse_twice(app, job, typed)
    kept = Schedules(app.database).add(path, job.audience, due, zone.key, app.now())
    click.echo(f"Schedule {kept.id}: {job.issue.slug} to {job.audience}")
    click.echo(f"  {in_both_zones(due, zone)}")
    say("  next: keep `mailer run` going, or let cron call `mailer tick` every minute", err=True)


def _moment(app: App, typed: str) -> datetime:
    from mailer.domain.moment import MomentError, in_both_zones, parse_moment

    zone = app.settings.zone
    try:
        due = parse_moment(typed, zone)
    except MomentError as error:
        raise UsageError(f"--at {error}") from None
    if due <= app.now():
        raise UsageError(
            f"--at {typed!r} is in the past: {in_both_zones(due, zone)}",
            next_step="Choose a later time, or send it now with `mailer send-issue`.",
        )
    return due


def _refuse_sent(sending: Sending, job: Job) -> None:
    """Raise PlanRefused for an issue that was sent to these lists: a schedule would begin nothing."""
    from mailer.engine.standing import local, refuse_halted, send_command, who_got_it

    if (send := sending.ledger.find(job.issue.slug, job.audience)) is None:
        return
    totals = sending.report(send).totals
    refuse_halted(send, totals)
    once_more = f"To send it to all {totals.audience:,} once more: {send_command(send, '--again')}"
    already = "has been under way since" if totals.open else "was sent on"
    raise PlanRefused(
        f"{send.slug} to {send.audience} {already} {local(send.created_at)} ({who_got_it(totals)}): "
        "a schedule would begin nothing",
        next_step=sending.report(send).next_steps[0] if totals.open else once_more,
    )


def _refuse_twice(app: App, job: Job, typed: str) -> None:
    """Raise UsageError where another schedule waits to send this issue to these lists."""
    from zoneinfo import ZoneInfo

    from mailer.domain.moment import in_both_zones
    from mailer.schedule.standing import waiting_for

    for each in waiting_for(app, job.issue.slug):
        if each.audience.canonical() == job.audience.canonical():
            raise UsageError(
                f"schedule {each.id} sends {job.issue.slug} to {job.audience} already: "
                + in_both_zones(each.due_at, ZoneInfo(each.zone)),
                next_step=f"To move it: mailer schedule move {each.id} --at {quote(typed)}",
            )


def _look_over(sending: Sending, job: Job, named: str) -> None:
    """Refuse what would be refused when it is due; a draft may be finished by then."""
    from mailer.proof.proofread import proofread, refuse_errors

    findings = proofread(sending, job)
    refuse_errors(named, [finding for finding in findings if finding.rule != "draft"])
    if job.issue.draft:
        click.echo(f"Warning: {job.issue.path} is marked as a draft; as such it will not go out.", err=True)


def _inside(app: App, path: Path) -> str:
    full = path.resolve()
    if not full.is_relative_to(app.root):
        raise UsageError(
            f"{path} is not in the workspace {app.root}, where the scheduler would look for it",
            next_step=f"Move it to {app.root / 'issues'}.",
        )
    return str(full.relative_to(app.root))


@schedule.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show(app: App, as_json: bool) -> None:
    """Show every schedule by the time it is due, and how it stands."""
    from mailer.ledger.schedules import Schedules

    found = list(map(_standings(app).of, Schedules(app.database).all()))
    if as_json:
        click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
    elif found:
        for each in found:
            click.echo(_line(each))
    else:
        click.echo("Nothing is scheduled.", err=True)


@schedule.command("remove")
@click.argument("number", type=int)
@click.pass_obj
def remove(app: App, number: int) -> None:
    """Take back schedule NUMBER, if it has not begun."""
    from mailer.ledger.schedules import Schedules, ScheduleState

    if not Schedules(app.database).settle(number, ScheduleState.REMOVED, "", app.now()):
        raise _waits_no_longer(app, number)
    click.echo(f"Removed schedule {number}.")


@schedule.command("move")
@click.argument("number", type=int)
@click.option("--at", "typed", required=True, metavar="TIME", help="As for `schedule add`.")
@click.pass_obj
def move(app: App, number: int, typed: str) -> None:
    """Let schedule NUMBER be due at another time, if it has not begun."""
    from mailer.domain.moment import in_both_zones
    from mailer.ledger.schedules import Schedules

    due, zone = _moment(app, typed), app.settings.zone
    if not Schedules(app.database).move(number, due, zone.key, app.now()):
        raise _waits_no_longer(app, number)
    click.echo(f"Schedule {number}: {in_both_zones(due, zone)}")


def _waits_no_longer(app: App, number: int) -> UsageError:
    from mailer.ledger.schedules import Schedules

    found = {each.id: each for each in Schedules(app.database).all()}
    if number not in found:
        return UsageError(f"no schedule {number}", next_step="See them with: mailer schedule list")
    stands = _standings(app).of(found[number])
    words = f" ({stands.words})" if stands.words else ""
    return UsageError(
        f"schedule {number} is {stands.state}{words}", next_step="See them with: mailer schedule list"
    )


def _standings(app: App) -> ScheduleStandings:
    from mailer.schedule.standing import ScheduleStandings

    return ScheduleStandings(app)


def _line(standing: ScheduleStanding) -> str:
    from zoneinfo import ZoneInfo

    from mailer.domain.moment import in_both_zones

    each = standing.schedule
    words = f"  ({standing.words})" if standing.words else ""
    when = in_both_zones(each.due_at, ZoneInfo(each.zone))
    return f"{each.id:>4}  {standing.state:<9}  {when}  {each.issue} to {each.audience}{words}"


def _data(standing: ScheduleStanding) -> dict[str, object]:
    each = standing.schedule
    return {
        "id": each.id,
        "issue": each.issue,
        "lists": list(each.audience.lists),
        "exclude": list(each.audience.exclude),
        "due_at": each.due_at.isoformat(),
        "zone": each.zone,
        "state": standing.state,
        "note": standing.words,
    }


@click.command()
@click.option(
    "--every", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Seconds between looks."
)
@click.pass_obj
def run(app: App, every: float) -> None:
    """Send what falls due, until stopped; SIGTERM and Ctrl-C finish what is in flight first."""
    from mailer.cli import complain
    from mailer.cli.send import announce_settings
    from mailer.engine.stopping import Stopping
    from mailer.schedule.daemon import keep_sending

    announce_settings(app)
    app.stay(keep_open=True)
    with app.at_work(), Stopping() as stopping:
        click.echo(f"Looking for due issues in {app.root} every {every:g} s. Ctrl-C stops.", err=True)
        keep_sending(app, stopping, every, say, complain)
    click.echo("Stopped; nothing is in flight.", err=True)


@click.command()
@click.pass_obj
def tick(app: App) -> None:
    """Send what is due now, once: for cron or a systemd timer. Two at once never send twice."""
    from mailer.cli import complain
    from mailer.engine.stopping import Stopping
    from mailer.schedule.round import make_round

    with app.at_work(), Stopping() as stopping:
        # What is left alone is said once: cron mails every word.
        done = make_round(app, stopping, say, lambda send: app.ledger.tell(send, app.now()))
    for report in done.reports:
        say(report.text())
    for error in done.errors:
        complain(error)
    raise click.exceptions.Exit(done.exit_code)
