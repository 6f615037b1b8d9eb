"""`mailer forms`: what people sign up by, on our pages and on other sites'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import print_table, say
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.group()
def forms() -> None:
    """What people sign up by: pages, and forms to put into other sites."""


@forms.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as data.")
@click.pass_obj
def list_forms(app: App, as_json: bool) -> None:
    """Show the pages on which people sign up, and what each asks."""
    from mailer.services.signup import desks

    rows = [
        {
            "page": f"{app.settings.base_url}/{each.name}",
            "lists": [found.name for found in each.lists],
            "fields": {question.name: question.kind.value for question in each.form.questions},
        }
        for each in desks(app)
    ]
    if as_json:
        import json

        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        shown = [[str(row["page"]), ", ".join(row["lists"]), ", ".join(row["fields"])] for row in rows]
        print_table(["page", "lists", "asks also"], shown)
    else:
        say(
            "Nobody can sign up by a form: no list is public. One that may be: mailer lists set NAME --public"
        )


@forms.command("snippet")
@click.option(
    "--list", "list_name", metavar="LIST", help="For this list alone; else for all that are public."
)
@click.option("--lang", metavar="TAG", help="The language that it speaks; else LANGUAGE.")
@click.option(
    "--ref", metavar="TEXT", help="Where whoever signs up by it came from, for the ledger of consent."
)
@click.pass_obj
def snippet(app: App, list_name: str | None, lang: str | None, ref: str | None) -> None:
    """Print a form as HTML, to be put into a page of another site.

    It has no looks of its own, and needs no script: style it by its class, mailer-form.
    """
    from urllib.parse import urlencode

    from mailer.services.signup import desk
    from mailer.web.joining import snippet as written
    from mailer.web.rooms import pages_of

    if not app.settings.base_url:
        raise UsageError(
            "BASE_URL is not set, so a form would lead nowhere",
            next_step="Set it to where mailer serve is reached from outside.",
        )
    found = desk(app, list_name)
    if found is None:
        named = app.lists.named(list_name).name if list_name else "NAME"
        raise UsageError(
            f"nobody can sign up for {list_name} by a form: it is not public"
            if list_name
            else "nobody can sign up by a form: no list is public",
            next_step=f"mailer lists set {named} --public",
        )
    query = urlencode({name: value for name, value in (("lang", lang), ("ref", ref)) if value})
    address = f"{app.settings.base_url}/{found.name}" + (f"?{query}" if query else "")
    click.echo(written(pages_of(app), found, address, lang or app.settings.language))
