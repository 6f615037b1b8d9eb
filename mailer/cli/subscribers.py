"""`mailer subscribers`: people are taken in, looked up, changed, and leave."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.clean import clean
from mailer.cli.export import STATUSES, export
from mailer.cli.person import consent, edit, pause, resume, show
from mailer.cli.records import change_address, erase, merge
from mailer.cli.segment_options import chosen, segment_options
from mailer.cli.tagging import copy, move, tag, untag
from mailer.cli.terminal import print_table
from mailer.cli.whom import address_of, source_of
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App

FORMATS = Path("subscribers", "formats")  # in the workspace: a person's own descriptions of exports
STANDINGS = [*STATUSES, "bounced", "complained", "suppressed"]


@click.group()
def subscribers() -> None:
    """Take people in, look them up, change them, let them leave."""


for each in (show, consent, edit, pause, resume, merge, change_address, erase):
    subscribers.add_command(each)
for each in (tag, untag, copy, move, clean, export):
    subscribers.add_command(each)


@subscribers.command("add")
@click.argument("email")
@click.option("--list", "names", metavar="LIST", multiple=True, required=True, help="A list to be on.")
@click.option("--name", default="", help="What to call them.")
@click.option("--field", "fields", metavar="NAME=VALUE", multiple=True, help="Anything else about them.")
@click.option(
    "--resubscribe",
    is_flag=True,
    help="Bring back who had left, is suppressed or has not confirmed. Only if they ask for it themselves.",
)
@click.pass_obj
def add(
    app: App, email: str, names: tuple[str, ...], name: str, fields: tuple[str, ...], resubscribe: bool
) -> None:
    """Take in one person who agreed to get mail."""
    from mailer.cli.pairs import pair
    from mailer.services.subscribe import Subscribe, subscribe

    texts = dict(pair(field, "--field") for field in fields) | ({"name": name} if name else {})
    request = Subscribe(address_of(email), names, source_of(app, "add"), texts, anew=resubscribe)
    done = subscribe(app.database, request, app.now())
    waiting = [name for name in names if app.lists.named(name).id in done.waiting]
    on = ", ".join(name for name in names if name not in waiting)
    click.echo(f"{email}: {done.effect}{f', on {on}' if on else ''}.", err=True)
    if waiting:
        said = f"They have not confirmed {', '.join(waiting)} yet, and get nothing from it before."
        click.echo(f"{said} If they themselves ask for it anew, add --resubscribe", err=True)


@subscribers.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--list", "names", metavar="LIST", multiple=True, help="Subscribe them to this list.")
@click.option("--format", "form", metavar="NAME", default="", help="Whose export it is; `plain` is nobody's.")
@click.option("--sheet", metavar="NAME", default="", help="Which sheet of a spreadsheet.")
@click.option("--encoding", metavar="NAME", default="", help="What a text is written in, if not in UTF-8.")
@click.option("--map", "mapping", metavar="COLUMN=FIELD", multiple=True, help="Which field a column fills.")
@click.option(
    "--type",
    "types",
    metavar="FIELD=TYPE",
    multiple=True,
    help="text, number, true/false, date or list; inferred for the whole column unless given.",
)
@click.option(
    "--true", "true", metavar="WORD", multiple=True, help="A word for true, beside yes, ja, oui ..."
)
@click.option(
    "--false", "false", metavar="WORD", multiple=True, help="A word for false, beside no, nein, non ..."
)
@click.option("--status", metavar="COLUMN", multiple=True, help="A column that says who agreed and who left.")
@click.option(
    "--unsubscribed-if",
    "left",
    metavar="[COLUMN=]VALUE",
    multiple=True,
    help="A value that means that somebody left.",
)
@click.option(
    "--subscribed-if",
    "agreed",
    metavar="[COLUMN=]VALUE",
    multiple=True,
    help="A value that means that somebody agreed.",
)
@click.option(
    "--ignore",
    "ignored",
    metavar="COLUMN",
    multiple=True,
    help="A column that has nothing to do with consent: an ordinary field.",
)
@click.option(
    "--as",
    "standing",
    type=click.Choice(STANDINGS),
    help="Import everybody in the file as this.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and the types; write nothing.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Write the bad rows to this CSV file.")
@click.option("--create-list", is_flag=True, help="Make the lists that there are not yet.")
@click.option("--json", "as_json", is_flag=True, help="The report as data, with the first 1,000 bad rows.")
@click.pass_obj
def import_file(
    app: App,
    /,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    *,
    as_json: bool,
    **asked: Any,
) -> None:
    """Import people from each FILE, whatever it is.

    What another system exported, a spreadsheet (.xlsx, .ods), CSV, JSON, vCards, LDIF, a .zip of these, or
    nothing but addresses; - is standard input.

    What it is taken for is told; `mailer subscribers formats` lists what is known. Columns of any other file:
    email, and if you like name, language, timezone, tags and anything else.

    What is wrong with a row is said with its line and never stops the others. Whoever unsubscribed stays so.
    Importing twice changes nothing, and an import that was interrupted is simply run again.
    A file that seems to say who agreed and who left is not imported until you say what it means.

    \b
    Ends with 0 if every row was good (a person may stand in several),
    with 3 if it is not clear who agreed, with 4 if rows were rejected.
    """
    from mailer.cli.importing import requested, run

    own = app.root / FORMATS
    reports = run(app, [requested(file, names, app, own, **asked) for file in files], as_json=as_json)
    rejected = any(report.rejected for report in reports)
    raise click.exceptions.Exit(ExitCode.FAILURES if rejected else ExitCode.COMPLETE)


@subscribers.command("formats")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def list_formats(app: App, as_json: bool) -> None:
    """List the systems whose exports are known."""
    from mailer.services.import_people import known_formats

    found = known_formats(app.root / FORMATS)
    if as_json:
        keys = ("name", "title", "export")
        data = [{key: getattr(each, key) for key in keys} for each in found]
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    room = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{click.style(each.name.ljust(room), bold=True)}  {each.title}")
        click.echo(click.wrap_text(each.export, 78, " " * (room + 2), " " * (room + 2)))


@subscribers.command("list")
@click.option("--list", "name", metavar="LIST", help="Only those on this list.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those with this status.")
@segment_options
@click.option("--json", "as_json", is_flag=True, help="As one JSON object a line.")
@click.pass_obj
def list_subscribers(
    app: App,
    name: str | None,
    status: str | None,
    segment: str | None,
    excluded_segments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show people in the order they came."""
    from mailer.domain.moment import utc_text
    from mailer.domain.spreadsheet import write_lists
    from mailer.domain.subscriber import Status

    segments = chosen(app, segment, excluded_segments)
    found = app.directory.subscribers(name, Status(status) if status else None, segments)
    if as_json:
        for each in found:
            data = {part.name: getattr(each, part.name) for part in fields(each) if part.name != "id"}
            click.echo(json.dumps(data, ensure_ascii=False, default=utc_text))
    else:
        on = ((each, write_lists(each.lists, each.paused)) for each in found)
        rows = ((each.email, each.name, lists, each.suppressed) for each, lists in on)
        print_table(("email", "name", "lists", "suppressed"), rows)


@subscribers.command("unsubscribe")
@click.argument("email")
@click.option("--list", "names", metavar="LIST", multiple=True, help="A list to take them off.")
@click.option("--all", "everywhere", is_flag=True, help="Off every list, and never mailed again by any.")
@click.pass_obj
def take_off(app: App, email: str, names: tuple[str, ...], everywhere: bool) -> None:
    """Take a person off lists. No later import brings them back."""
    from mailer.services.unsubscribe import Unsubscribe, unsubscribe

    if bool(names) == everywhere:
        raise UsageError("say which lists to leave: --list LIST (once or more), or --all")
    request = Unsubscribe(address_of(email), None if everywhere else names, source_of(app, "unsubscribe"))
    left = unsubscribe(app.database, request, app.now())
    did = f"left {', '.join(left)}" if left else "was on no such list"
    click.echo(f"{email} {did}{'; it is never mailed again' if everywhere else ''}.", err=True)
