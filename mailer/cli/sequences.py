"""`mailer sequences`: mails that follow each other, looked over, put in force, and held."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from mailer.cli.sequence_people import KEEP_GOING, start, status, stop
from mailer.cli.terminal import ask, from_here, print_broken, print_fitted, say, warn
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.sequence_files import SequenceRules
    from mailer.services.sequences import SequenceStanding, StepTime


@click.group()
def sequences() -> None:
    """Show, try and run sequences: mails that follow each other, to each in their own time."""


sequences.add_command(start)
sequences.add_command(stop)
sequences.add_command(status)


@sequences.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_all(app: App, as_json: bool) -> None:
    """Show every sequence, and how it stands."""
    from mailer.services.sequences import standings

    found = standings(app)
    if as_json:
        click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
    elif found:
        headings = ("sequence", "state", "list", "begins by", "steps", "active", "finished")
        print_fitted(headings, [_row(each) for each in found], elastic=[3])
        for each in found:
            if each.problem:
                warn(from_here(each.problem))
    else:
        say("There is no sequence yet: a folder in sequences/ with sequence.toml and issues.", err=True)


@sequences.command("preview")
@click.argument("name")
@click.option("--from", "began", metavar="TIME", help="When somebody begins it; default: now.")
@click.option("--zone", "zone_name", metavar="ZONE", help="Where they are, such as Asia/Kathmandu; else TZ.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def preview(app: App, name: str, began: str | None, zone_name: str | None, as_json: bool) -> None:
    """Show when each step of sequence NAME goes.

    To somebody who gets them all.
    """
    from mailer.services.sequence_files import read_rules
    from mailer.services.sequences import timeline

    rules, zone = read_rules(app, name), _zone(app, zone_name)
    since = _moment(began, zone) if began else app.now()
    found = list(timeline(rules, since, zone))
    if as_json:
        click.echo(json.dumps([_departure(each) for each in found], ensure_ascii=False))
        return
    print_broken(_head(rules))
    print_broken(f"for who begins on {_local(since, zone)}, in {zone.key}", indent=2)
    print_fitted(
        ("day", "when it is there", "step", "subject", "only"),
        [
            (
                (each.at.astimezone(zone).date() - since.astimezone(zone).date()).days,
                _local(each.at, zone),
                each.each.step.key,
                each.each.issue.subject,
                each.each.step.only,
            )
            for each in found
        ],
        elastic=[4, 3],
    )
    for file in rules.drafts:
        warn(f"{file} is a draft, and no step yet")


@sequences.command("check")
@click.argument("name")
@click.pass_obj
def check(app: App, name: str) -> None:
    """Look for mistakes in sequence NAME: its rules and its steps.

    Exit codes: 0 no errors; 2 what can't be read; 3 errors.
    """
    from mailer.check.finding import Severity
    from mailer.cli.findings import as_text
    from mailer.services.sequences import looked_over

    rules, checked = looked_over(app, name)
    as_text(checked)
    for file in rules.drafts:
        warn(f"{file} is a draft, and no step yet")
    if any(finding.severity is Severity.ERROR for each in checked for finding in each.findings):
        raise click.exceptions.Exit(ExitCode.REFUSED)


@sequences.command("activate")
@click.argument("name")
@click.option("--new-step", is_flag=True, help="What has another name is another step: it goes to all.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask, whoever is due at once.")
@click.pass_obj
def activate(app: App, name: str, new_step: bool, yes: bool) -> None:
    """Put sequence NAME in force, or let a paused one go on.

    As its folder has it now; one with errors is refused.
    """
    from mailer.services.sequences import activate, due_now

    if not yes and (waiting := due_now(app, name)):
        ask(f"Something is due at once for {waiting:,} in {name}, who may get a mail each. Go on?")
    rules = activate(app, name, new_step=new_step)
    click.echo(f"In force: {_head(rules)}")
    for file in rules.drafts:
        warn(f"{file} is a draft, and no step yet")
    say(KEEP_GOING, err=True)


@sequences.command("pause")
@click.argument("name")
@click.pass_obj
def pause(app: App, name: str) -> None:
    """Let nothing of sequence NAME go.

    Whoever begins meanwhile waits.
    """
    from mailer.services.sequences import pause

    pause(app, name)
    click.echo(f"The sequence {name} is paused.")
    say(f"  next: mailer sequences activate {name}", err=True)


def _zone(app: App, name: str | None) -> ZoneInfo:
    from mailer.domain.local_time import zone_named

    if not name:
        return app.settings.zone
    if (zone := zone_named(name)) is None:
        raise UsageError(f"--zone {name!r} is no time zone", next_step="Write it like Asia/Kathmandu.")
    return zone


def _moment(typed: str, zone: ZoneInfo) -> datetime:
    from mailer.domain.moment import MomentError, parse_moment

    try:
        return parse_moment(typed, zone)
    except MomentError as error:
        raise UsageError(f"--from {error}") from None


def _head(rules: SequenceRules) -> str:
    goal = f" · goal {rules.goal}" if rules.goal else ""
    return f"{rules.name} · list {rules.list.name} · begins by {rules.start.text()}{goal}"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _row(each: SequenceStanding) -> tuple[object, ...]:
    rules = each.rules
    named = (rules.list.name, rules.start.text(), len(rules.files)) if rules else ("", "", None)
    return (each.name, each.state, *named, each.states.get("active", 0), each.states.get("finished", 0))


def _data(each: SequenceStanding) -> dict[str, object]:
    rules = each.rules
    return {
        "name": each.name,
        "state": each.state,
        "problem": each.problem,
        "list": rules and rules.list.name,
        "start": rules and rules.start.text(),
        "goal": rules and rules.goal,
        "people": each.states,
        "steps": [
            {"step": key, "got": got, "passed_by": passed} for key, (got, passed) in each.steps.items()
        ],
    }


def _departure(each: StepTime) -> dict[str, object]:
    step = each.each.step
    return {
        "step": step.key,
        "at": each.at.isoformat(),
        "subject": each.each.issue.subject,
        "only": step.only,
    }
