"""Delivery on a clock: `schedule`, `run`, `tick`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from mailer.cli.segment_options import segment_options
from mailer.cli.terminal import announce_settings, say, warn

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.schedules import ScheduleStanding


@click.group()
def schedule() -> None:
    """Set, show, move and remove times at which issues go out (through `mailer run` or `mailer tick`)."""


@schedule.command("add")
@click.argument("issue")
@click.option(
    "--list", "-l", "list_names", multiple=True, metavar="L", help="A list that gets it; repeatable."
)
@click.option("--exclude", "excluded", multiple=True, metavar="L", help="A list whose subscribers don't.")
@segment_options
@click.option(
    "--at",
    "typed",
    required=True,
    metavar="TIME",
    help='"2026-12-01 08:00" (in TZ) or RFC 3339 with an offset.',
)
@click.pass_obj
def add(
    app: App,
    issue: str,
    list_names: tuple[str, ...],
    excluded: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
    typed: str,
) -> None:
    """Send ISSUE at a time. The file is read when it is due; it is compiled now to find its mistakes."""
    from mailer.services.issues import issue_file
    from mailer.services.prepare import SendRequest
    from mailer.services.schedules import add

    request = SendRequest(
        issue_file(app, issue),
        issue,
        list_names,
        excluded,
        segment=segment,
        excluded_segments=excluded_segments,
    )
    added = add(app, request, typed, warn)
    click.echo(f"Schedule {added.schedule.id}: {added.slug} to {added.schedule.audience}")
    click.echo(f"  {added.schedule.when}")
    say("  next: keep `mailer run` going, or let cron call `mailer tick` every minute", err=True)


@schedule.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show(app: App, as_json: bool) -> None:
    """Show every schedule by the time it is due, and how it stands."""
    from mailer.services.schedules import schedule_standings

    found = schedule_standings(app)
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
    from mailer.services.schedules import remove

    remove(app, number)
    click.echo(f"Removed schedule {number}.")


@schedule.command("move")
@click.argument("number", type=int)
@click.option("--at", "typed", required=True, metavar="TIME", help="As for `schedule add`.")
@click.pass_obj
def move(app: App, number: int, typed: str) -> None:
    """Let schedule NUMBER be due at another time, if it has not begun."""
    from mailer.services.schedules import move

    click.echo(f"Schedule {number}: {move(app, number, typed).when}")


def _line(standing: ScheduleStanding) -> str:
    each = standing.schedule
    words = f"  ({standing.words})" if standing.words else ""
    return f"{each.id:>4}  {standing.state:<9}  {each.when}  {each.issue} to {each.audience}{words}"


def _data(standing: ScheduleStanding) -> dict[str, object]:
    each = standing.schedule
    return {
        "id": each.id,
        "issue": each.issue,
        "lists": list(each.audience.lists),
        "exclude": list(each.audience.exclude),
        "segment": each.audience.segment,
        "exclude_segments": list(each.audience.exclude_segments),
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
    from mailer.schedule.daemon import keep_sending
    from mailer.services.rounds import rounds

    announce_settings(app)
    app.stay(keep_open=True)
    with rounds(app) as made:
        click.echo(f"Looking for due issues in {app.root} every {every:g} s. Ctrl-C stops.", err=True)
        keep_sending(made, every, say, complain)
    click.echo("Stopped; nothing is in flight.", err=True)


@click.command()
@click.pass_obj
def tick(app: App) -> None:
    """Send what is due now, once: for cron or a systemd timer. Two at once never send twice."""
    from mailer.cli import complain
    from mailer.services.rounds import tick

    done = tick(app, say)
    for report in done.reports:
        say(report.text())
    for error in done.errors:
        complain(error)
    raise click.exceptions.Exit(done.exit_code)
