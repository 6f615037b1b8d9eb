"""`mailer segments`: parts of the people by a condition: kept by name, counted, explained."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import print_table, say, warn
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.segment.counted import Count
    from mailer.domain.segment.named import Segment


@click.group()
def segments() -> None:
    """Make, count, explain and delete segments: parts of the people by a condition."""


@segments.command("create")
@click.argument("name")
@click.argument("definition")
@click.option("--description", default="", help="What it is for, in a sentence.")
@click.pass_obj
def create(app: App, name: str, definition: str, description: str) -> None:
    """Keep a definition by a name.

    DEFINITION is one such as 'city = "Oslo" and tag:press', NAME has letters, digits, - and _.
    """
    from mailer.services.segments import counted, create

    for doubt in create(app, name, definition, description):
        warn(doubt)
    click.echo(f"Made the segment {name}: {_people(counted(app, name).people)} now.", err=True)


@segments.command("set")
@click.argument("name")
@click.argument("definition", required=False)
@click.option("--description", help="What it is for, in a sentence.")
@click.pass_obj
def change(app: App, name: str, definition: str | None, description: str | None) -> None:
    """Change a segment's definition or description.

    A send that has begun keeps the definition that it had.
    """
    from mailer.services.segments import change, counted

    given = {"definition": definition and definition.strip(), "description": description}
    values = {each: value for each, value in given.items() if value is not None}
    if not values:
        raise UsageError("say what is to change: a definition, or --description TEXT")
    for doubt in change(app, name, values):
        warn(doubt)
    click.echo(f"Changed the segment {name}: {_people(counted(app, name).people)} now.", err=True)


@segments.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_all(app: App, as_json: bool) -> None:
    """Show every segment and its definition."""
    found = app.segments.all()
    if as_json:
        click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
    elif found:
        print_table(
            ("name", "definition"), [(each.name, " ".join(each.definition.split())) for each in found]
        )
    else:
        say("There is no segment yet. Make one with: mailer segments create NAME DEFINITION", err=True)


@segments.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show(app: App, name: str, as_json: bool) -> None:
    """Show one segment as it was typed."""
    found = app.segments.named(name)
    if as_json:
        click.echo(json.dumps(_data(found), ensure_ascii=False))
        return
    click.echo(f"{found.name} · changed {found.updated_at:%Y-%m-%d %H:%M} UTC")
    for line in (found.description, *found.definition.splitlines()):
        if line:
            click.echo(f"  {line}")


@segments.command("count")
@click.argument("segment", default="")
@click.option("--watch", is_flag=True, help="Count what is typed; SEGMENT is there to be edited.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def count(app: App, segment: str, watch: bool, as_json: bool) -> None:
    """Count the people in a segment, by list.

    SEGMENT is a name or a definition. Also counted are those whom an issue would be mailed to.
    """
    from mailer.services.segments import counted, definition_of, doubts_about, number

    if watch:
        from mailer.cli.watching import watch as answer_all

        answer_all(lambda text: _people(number(app, text)), definition_of(app, segment) if segment else "")
        return
    if not segment:
        raise UsageError("say what to count: a segment's name, a definition, or --watch to type some")
    for doubt in doubts_about(app, segment):
        warn(doubt)
    found = counted(app, segment)
    click.echo(json.dumps(asdict(found), ensure_ascii=False) if as_json else _counted(found))
    if not as_json and found.lists:
        rows = [(each.name, each.people, each.mailed) for each in found.lists]
        print_table(("list", "people", "would be mailed"), rows)


@segments.command("explain")
@click.argument("segment")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def explain(app: App, segment: str, as_json: bool) -> None:
    """Say in plain words what a segment asks.

    SEGMENT is a name or a definition. Beside each condition stands how many people it holds for, and at the
    end the SQL that finds them.
    """
    from mailer.services.segments import doubts_about, explained

    for doubt in doubts_about(app, segment):
        warn(doubt)
    found = explained(app, segment)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    print_table(
        ("people", "condition"), [(line.people, "  " * line.depth + line.words) for line in found.lines]
    )
    click.echo(f"\n{found.sql}")


@segments.command("delete")
@click.argument("name")
@click.pass_obj
def delete(app: App, name: str) -> None:
    """Forget a segment.

    Nobody is deleted, and a send that has begun keeps the definition that it had.
    """
    from mailer.services.segments import delete as forget

    gone = forget(app, name)
    click.echo(f"Deleted the segment {name}. It was: {gone.definition}", err=True)


def _people(number: int) -> str:
    return f"{number:,} {'person' if number == 1 else 'people'}"


def _counted(found: Count) -> str:
    return f"{_people(found.people)}; an issue to all lists would be mailed to {found.mailed:,} of them"


def _data(each: Segment) -> dict[str, object]:
    data = asdict(each)
    return data | {name: data[name].isoformat() for name in ("created_at", "updated_at")}
