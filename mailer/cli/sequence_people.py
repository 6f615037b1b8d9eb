"""`mailer sequences`: people put in and taken out; who is where, and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.terminal import ask, cut, print_table, say, width
from mailer.cli.whom import address_of
from mailer.domain.rollout import counted
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.sequence_people import SequenceStory

STATES = ("active", "finished", "goal", "stopped", "left", "before")
SHOWN = 50  # people
TIME, LEAST, GAP = 16, 12, 2  # columns: of a moment, of what is cut, between two of them
KEEP_GOING = "  next: keep `mailer run` going, or let cron call `mailer tick` every minute"


@click.command("start")
@click.argument("name")
@click.argument("emails", metavar="[EMAIL]...", nargs=-1)
@click.option("--segment", metavar="S", help="Everybody on its list who is in this segment.")
@click.option("--again", is_flag=True, help="Also who was in it before: every step comes once more.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask, however many they are.")
@click.pass_obj
def start(app: App, name: str, emails: tuple[str, ...], segment: str | None, again: bool, yes: bool) -> None:
    """Let people begin sequence NAME now.

    Those named, or those in a segment who never were in it.
    """
    from mailer.services.sequence_people import start, start_segment
    from mailer.services.sequences import required

    if bool(emails) == bool(segment) or (segment and again):
        raise UsageError("say whom: EMAIL..., or --segment S without --again")
    if segment and not yes:
        ask(f"Everybody in segment {segment} who never was in {name} begins it. Go on?")
    done = (
        start_segment(app, name, segment)
        if segment
        else start(app, name, [address_of(each) for each in emails], again=again)
    )
    click.echo(f"{counted(done)} {'begins' if done == 1 else 'begin'} {name}.")
    if required(app, name).is_paused:
        say(f"  next: it is paused; to let it go on: mailer sequences activate {name}", err=True)
    else:
        say(KEEP_GOING, err=True)


@click.command("stop")
@click.argument("name")
@click.argument("emails", metavar="[EMAIL]...", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="Everybody who is in it.")
@click.pass_obj
def stop(app: App, name: str, emails: tuple[str, ...], everybody: bool) -> None:
    """Let people get nothing more of sequence NAME."""
    from mailer.services.sequence_people import stop_everybody, stop_people

    if bool(emails) == everybody:
        raise UsageError("say whom: EMAIL..., or --all")
    done = stop_everybody(app, name) if everybody else stop_people(app, name, [*map(address_of, emails)])
    click.echo(f"{counted(done)} {'gets' if done == 1 else 'get'} nothing more of {name}.")


@click.command("status")
@click.argument("name")
@click.option("--person", "email", metavar="EMAIL", help="One person, and what they got.")
@click.option("--state", type=click.Choice(STATES), help="Only those.")
@click.option("--limit", type=click.IntRange(0), default=SHOWN, metavar="N", help="So many; default 50.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def status(app: App, name: str, email: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """Show who is where in sequence NAME, and why.

    Those first of whom something is due next.
    """
    if email:
        _person(app, name, email, as_json=as_json)
        return
    from mailer.services.sequence_people import people_of
    from mailer.services.sequences import standing_of

    standing, people = standing_of(app, name), people_of(app, name, state, limit)
    if as_json:
        steps = {key: {"got": got, "passed_by": by} for key, (got, by) in standing.steps.items()}
        data: dict[str, object] = {"name": name, "state": standing.state, "problem": standing.problem}
        data |= {"states": standing.states, "steps": steps, "people": [*map(_member, people)]}
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    problem = f": {standing.problem}" if standing.problem else ""
    say(f"{name} · {standing.state}{problem}")
    told = ", ".join(f"{state} {count:,}" for state, count in sorted(standing.states.items()))
    click.echo(f"  {told or 'nobody is in it'}")
    if standing.steps:
        print_table(("step", "got it", "passed by"), [(key, *each) for key, each in standing.steps.items()])
    if people:
        click.echo()
        _print_people(people)


def _print_people(people: Sequence[Any]) -> None:
    """Print who is where, and why and since when they are in it, as far as the terminal has room for that."""
    columns = shutil.get_terminal_size().columns
    looks = [f"{row.next_at:%Y-%m-%d %H:%M}" if row.next_at else "" for row in people]
    room = columns - TIME - 2 * GAP
    emails = [cut(row.email, room - LEAST) for row in people]
    room -= _widest("person", emails)
    states = [cut(_state(row), max(room, LEAST)) for row in people]
    room -= _widest("state", states)
    table = {"person": emails, "state": states}
    whys, begun = [row.why for row in people], [f"{row.started_at:%Y-%m-%d %H:%M}" for row in people]
    wanted = _widest("why", whys) + GAP
    if room >= wanted + TIME + GAP:
        table["began (UTC)"] = begun
    if room >= min(wanted, LEAST + GAP):
        table["why"] = [cut(why, room - GAP) for why in whys]
    table["look (UTC)"] = looks
    print_table(list(table), list(zip(*table.values(), strict=True)))


def _widest(head: str, cells: Sequence[str]) -> int:
    return max(map(width, (head, *cells)))


def _person(app: App, name: str, email: str, *, as_json: bool) -> None:
    from mailer.services.sequence_people import stories_of

    found = stories_of(app, name, address_of(email))
    if as_json:
        click.echo(json.dumps([_story(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        row = each.member
        occasion = f" for {row.occasion}" if row.occasion else ""
        click.echo(f"{row.email} · {name}{occasion} · {_state(row)}")
        click.echo(f"  began {_when(row.started_at)}: {row.why}")
        for step in each.steps:
            click.echo(f"  {_when(step.at)}  {step.step}: {_became(step)}")
        if row.next_at:
            click.echo(f"  {_when(row.next_at)}  the next look")
    if not found:
        click.echo(f"{email} never was in {name}.")


def _became(step: Any) -> str:
    if step.send_id is None:
        return f"passed by: {step.note}"
    return "written before a backup was restored" if step.lacks else step.state or "queued"


def _state(row: Any) -> str:
    return f"{row.state}: {row.reason}" if row.reason else str(row.state)


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _member(row: Any) -> dict[str, object]:
    return {
        "email": row.email,
        "occasion": row.occasion,
        "state": row.state,
        "reason": row.reason,
        "why": row.why,
        "began_at": row.started_at.isoformat(),
        "next_at": row.next_at and row.next_at.isoformat(),
    }


def _story(each: SequenceStory) -> dict[str, object]:
    steps = [
        {
            "step": step.step,
            "at": step.at.isoformat(),
            "send": step.send_id,
            "passed_by": step.note,
            "state": step.state,
        }
        for step in each.steps
    ]
    return _member(each.member) | {"steps": steps}
