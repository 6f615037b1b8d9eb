"""People on the command line: mailer lists, mailer subscribers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from mailer.cli.saying import say
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.address import Address
    from mailer.domain.subscriber import Subscriber, SubscriberList
    from mailer.people.importing.consent import Answers
    from mailer.people.importing.importer import Import

SOURCE = "command line"
STATUSES = ["subscribed", "unconfirmed", "unsubscribed"]
STANDINGS = [*STATUSES, "bounced", "complained", "suppressed"]


@click.group()
def lists() -> None:
    """Create and show subscriber lists."""


@lists.command("create")
@click.argument("name")
@click.option("--title", default="", help="What subscribers read; the name unless given.")
@click.option("--description", default="", help="What the list is about, in a sentence.")
@click.pass_obj
def create_list(app: App, name: str, title: str, description: str) -> None:
    """Make a list. NAME is what commands say: letters, digits, - and _."""
    made = app.people.create_list(name, app.now(), title, description)
    click.echo(f"Made the list {made.name} ({made.title}).", err=True)


@lists.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def list_lists(app: App, as_json: bool) -> None:
    """Show every list and how many people have which status."""
    from mailer.cli.table import print_table

    found = app.people.all_lists()
    if as_json:
        click.echo(json.dumps([_list_data(each) for each in found], ensure_ascii=False))
    elif found:
        rows = [(each.name, each.title, *_counts(each).values()) for each in found]
        print_table(("name", "title", *STATUSES, "suppressed"), rows)
    else:
        say("There is no list yet. Make one with: mailer lists create NAME", err=True)


@lists.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_list(app: App, name: str, as_json: bool) -> None:
    """Show one list."""
    found = app.people.list_named(name)
    if as_json:
        click.echo(json.dumps(_list_data(found), ensure_ascii=False))
        return
    click.echo(f"{found.name} · {found.title}")
    if found.description:
        click.echo(f"  {found.description}")
    click.echo("  " + "   ".join(f"{status} {count:,}" for status, count in _counts(found).items()))


def _list_data(found: SubscriberList) -> dict[str, Any]:
    data = {"name": found.name, "title": found.title, "description": found.description}
    return {**data, "counts": _counts(found)}


def _counts(found: SubscriberList) -> dict[str, int]:
    return {**{str(status): count for status, count in found.counts.items()}, "suppressed": found.suppressed}


@click.group()
def subscribers() -> None:
    """Add, import, list and unsubscribe people."""


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
    from mailer.people.enrol import Consent

    texts = dict(_pair(field, "--field") for field in fields) | ({"name": name} if name else {})
    source = f"{SOURCE}, consent given anew" if resubscribe else SOURCE
    consent = Consent(app.people.list_ids(names), source, app.now(), anew=resubscribe)
    done = app.people.add(_address(email), texts, consent)
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
    rejects: Path | None,
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

    report = run(app, _import(file, names, **asked), rejects, as_json=as_json)
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
    **consent: Any,
) -> Import:
    from mailer.domain.yes_no import YesNo
    from mailer.people.importing.importer import Import

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
    )


def _answers(
    status: tuple[str, ...],
    left: tuple[str, ...],
    agreed: tuple[str, ...],
    ignored: tuple[str, ...],
    standing: str | None,
) -> Answers:
    from mailer.domain.standing import Standing
    from mailer.people.importing.consent import Answers

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
@click.option("--csv", "as_csv", is_flag=True, help="As CSV with every field.")
@click.pass_obj
def list_subscribers(app: App, name: str | None, status: str | None, as_json: bool, as_csv: bool) -> None:
    """Show people in the order they came."""
    from mailer.cli.table import print_table
    from mailer.domain.exported import write_lists
    from mailer.domain.subscriber import Status

    found = app.people.subscribers(name, Status(status) if status else None)
    if as_json:
        for each in found:
            click.echo(json.dumps(_subscriber_data(each), ensure_ascii=False))
    elif as_csv:
        # So that a file of everyone loses nobody who must not be mailed.
        strangers = app.people.shut_out() if name is status is None else iter(())
        write_people(chain(found, strangers), app.people.field_names(), sys.stdout)
    else:
        rows = ((each.email, each.name, write_lists(each.lists), each.suppressed) for each in found)
        print_table(("email", "name", "lists", "suppressed"), rows)


def write_people(people: Iterable[Subscriber], free: Sequence[str], out: TextIO) -> None:
    """Write people with all that is known of them as CSV that `import` reads back; `free` are field names."""
    from mailer.cli.table import SpreadsheetWriter
    from mailer.domain.exported import STATES, write_lists
    from mailer.domain.field import to_text
    from mailer.domain.subscriber import OWN_FIELDS

    table = SpreadsheetWriter(out)
    table.row((*OWN_FIELDS, *free, *STATES))
    for each in people:
        own = (each.email, each.name, each.language, each.timezone, to_text(each.tags))
        fields = (to_text(each.fields.get(key)) for key in free)
        table.row((*own, *fields, write_lists(each.lists), each.suppressed))


@subscribers.command("unsubscribe")
@click.argument("email")
@click.option("--list", "names", metavar="LIST", multiple=True, help="A list to take them off.")
@click.option("--all", "everywhere", is_flag=True, help="Off every list, and never mailed again by any.")
@click.pass_obj
def unsubscribe(app: App, email: str, names: tuple[str, ...], everywhere: bool) -> None:
    """Take a person off lists. No later import brings them back."""
    if bool(names) == everywhere:
        raise UsageError("say which lists to leave: --list LIST (once or more), or --all")
    left = app.people.unsubscribe(_address(email), None if everywhere else names, SOURCE, app.now())
    did = f"left {', '.join(left)}" if left else "was on no such list"
    click.echo(f"{email} {did}{'; it is never mailed again' if everywhere else ''}.", err=True)


def _subscriber_data(each: Subscriber) -> dict[str, Any]:
    return {
        "email": each.email,
        "name": each.name,
        "language": each.language,
        "timezone": each.timezone,
        "tags": list(each.tags),
        "fields": dict(each.fields),
        "lists": {name: str(status) for name, status in each.lists.items()},
        "suppressed": each.suppressed,
    }


def _address(text: str) -> Address:
    from mailer.domain.address import Address, AddressError

    try:
        return Address.parse(text)
    except AddressError as error:
        raise UsageError(f"{text!r} is not a mail address: {error}") from None


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
