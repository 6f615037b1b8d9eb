"""`mailer fields`: what subscribers have beside name and language, and what of it they change themselves."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import print_table, say
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.group()
def fields() -> None:
    """Show the fields of subscribers, and let readers change some of them themselves."""


@fields.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_all(app: App, as_json: bool) -> None:
    """Show every field: its type, its title, whether readers change it."""
    from mailer.services.fields import all_fields

    found = all_fields(app.database)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False))
    elif found:
        rows = [
            (each.name, str(each.type), each.title, "yes" if each.is_editable else "no") for each in found
        ]
        print_table(("name", "type", "title", "editable"), rows)
    else:
        say("There is no field yet: an import brings them, or mailer subscribers edit.", err=True)


@fields.command("set")
@click.argument("name")
@click.option("--title", metavar="TEXT", help="What readers call it; its name where that is empty.")
@click.option("--editable/--not-editable", default=None, help="Whether readers change it on their page.")
@click.pass_obj
def set_field(app: App, name: str, title: str | None, editable: bool | None) -> None:
    """Say what readers call the field NAME, and whether they change it.

    On the page that a mail's link "Your preferences" leads to. Whoever a mail was forwarded to can follow
    that link, too, and sees the fields that are editable.
    """
    from mailer.services.fields import change

    if title is None and editable is None:
        raise UsageError("say what is to change: --title TEXT, --editable or --not-editable")
    field = change(app.database, name, title=title, editable=editable)
    may = "readers change it themselves" if field.is_editable else "readers don't change it"
    click.echo(f"{field.name} ({field.shown}, {field.type}): {may}.", err=True)
