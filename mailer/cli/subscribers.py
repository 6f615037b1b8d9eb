"""`mailer subscribers`: add, import, export, list and unsubscribe people."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.clean import clean
from mailer.cli.export import STATUSES, export
from mailer.cli.terminal import print_table
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.address import Address
    from mailer.domain.consent import Source
    from mailer.services.import_people import Answers, Import

STANDINGS = [*STATUSES, "bounced", "complained", "suppressed"]


@click.group()
def subscribers() -> None:
    """Add, import, export, list and unsubscribe people."""


subscribers.add_command(clean)
subscribers.add_command(export)


@subscribers.command("add")
@click.argument("email")
@click.option("--list", "names", metavar="LIST", multiple=True, required=True, help="A list to be on.")
@click.option("--name", default="", help="What to call them.")
@click.option("--field", "fields", metavar="NAME=VALUE", multiple=True, help="Anything else about them.")
@click.option(
    "--resubscribe",
    is_flag=True,
    help="Bring back someone who had left or is suppressed. Only if they themselves ask for it anew.",
)
@click.pass_obj
def add(
    app: App, email: str, names: tuple[str, ...], name: str, fields: tuple[str, ...], resubscribe: bool
) -> None:
    """Take in one person who agreed to get mail."""
    from mailer.services.subscribe import Subscribe, subscribe

    texts = dict(_pair(field, "--field") for field in fields) | ({"name": name} if name else {})
    request = Subscribe(_address(email), names, _source(app, "add"), texts, anew=resubscribe)
    done = subscribe(app.database, request, app.now())
    click.echo(f"{email}: {done.effect}, on {', '.join(names)}.", err=True)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--list", "names", metavar="LIST", multiple=True, help="Subscribe them to this list.")
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
    file: Path,
    names: tuple[str, ...],
    *,
    as_json: bool,
    **asked: Any,
) -> None:
    """Import people from a CSV FILE with a header row.

    Its columns: email, and if you like name, language, timezone, tags and anything else.

    What is wrong with a row is said with its line and never stops the others. Whoever unsubscribed stays so.
    Importing twice changes nothing, and an import that was interrupted is simply run again.
    A file that seems to say who agreed and who left is not imported until you say what it means.

    \b
    Ends with 0 if every row was good (a person may stand in several),
    with 3 if it is not clear who agreed, with 4 if rows were rejected.
    """
    from mailer.cli.importing import run

    report = run(app, _import(file, names, by=app.user, **asked), as_json=as_json)
    raise click.exceptions.Exit(ExitCode.FAILURES if report.rejected else ExitCode.COMPLETE)


def _import(
    file: Path,
    names: tuple[str, ...],
    mapping: tuple[str, ...],
    types: tuple[str, ...],
    true: tuple[str, ...],
    false: tuple[str, ...],
    *,
    create_list: bool,
    dry_run: bool,
    rejects: Path | None,
    by: str,
    **consent: Any,
) -> Import:
    from mailer.domain.yes_no import YesNo
    from mailer.services.import_people import Import

    if both := set(map(str.casefold, true)) & set(map(str.casefold, false)):
        raise UsageError(f"{min(both)!r} can't be both true and false")
    return Import(
        file,
        names,
        dict(_pair(text, "--map") for text in mapping),
        dict(_typed(text) for text in types),
        create_list,
        dry_run,
        YesNo(true, false),
        _answers(**consent),
        rejects,
        by,
    )


def _answers(
    status: tuple[str, ...],
    left: tuple[str, ...],
    agreed: tuple[str, ...],
    ignored: tuple[str, ...],
    standing: str | None,
) -> Answers:
    from mailer.domain.standing import Standing
    from mailer.services.import_people import Answers

    meanings = [(value, Standing.SUBSCRIBED) for value in agreed]
    meanings += [(value, Standing.UNSUBSCRIBED) for value in left]
    answers = Answers(status, ignored, tuple(meanings), Standing(standing) if standing else None)
    if answers.settled and (status or meanings):
        raise UsageError(f"--as {standing} is of everybody in the file: no column or value says otherwise")
    return answers


@subscribers.command("list")
@click.option("--list", "name", metavar="LIST", help="Only those on this list.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those with this status.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object a line.")
@click.pass_obj
def list_subscribers(app: App, name: str | None, status: str | None, as_json: bool) -> None:
    """Show people in the order they came."""
    from mailer.domain.spreadsheet import write_lists
    from mailer.domain.subscriber import Status

    found = app.directory.subscribers(name, Status(status) if status else None)
    if as_json:
        for each in found:
            data = {part.name: getattr(each, part.name) for part in fields(each) if part.name != "id"}
            click.echo(json.dumps(data, ensure_ascii=False))
    else:
        rows = ((each.email, each.name, write_lists(each.lists), each.suppressed) for each in found)
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
    request = Unsubscribe(_address(email), None if everywhere else names, _source(app, "unsubscribe"))
    left = unsubscribe(app.database, request, app.now())
    did = f"left {', '.join(left)}" if left else "was on no such list"
    click.echo(f"{email} {did}{'; it is never mailed again' if everywhere else ''}.", err=True)


def _address(text: str) -> Address:
    from mailer.domain.address import Address, AddressError

    try:
        return Address.parse(text)
    except AddressError as error:
        raise UsageError(f"{text!r} is not a mail address: {error}") from None


def _source(app: App, command: str) -> Source:
    from mailer.domain.consent import Source, SourceKind

    return Source(SourceKind.COMMAND, f"subscribers {command}", app.user)


def _pair(text: str, option: str) -> tuple[str, str]:
    key, sign, value = text.rpartition("=") if option == "--map" else text.partition("=")
    if not sign or not key.strip() or not value.strip():
        raise UsageError(f"{option} {text!r} must have the form NAME=VALUE")
    return key.strip(), value.strip()


def _typed(text: str) -> tuple[str, Any]:
    from mailer.domain.field import FieldType

    name, kind = _pair(text, "--type")
    try:
        return name, FieldType(kind)
    except ValueError:
        known = ", ".join(FieldType)
        raise UsageError(f"--type {text}: no such type {kind!r}; there is {known}") from None
