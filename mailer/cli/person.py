"""`mailer subscribers`: one person is shown, edited, and pauses."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from mailer.cli.pairs import pair
from mailer.cli.whom import address_of, source_of
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.person import PersonSheet

_SPAN = re.compile(r"(\d{1,4}) ?([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.command("show")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="As data, with every send and all of their consent.")
@click.pass_obj
def show(app: App, email: str, as_json: bool) -> None:
    """Show all that is known of EMAIL.

    On one page, with why they are mailed or not.
    """
    from mailer.cli.sheet import data, page

    sheet = _sheet(app, email)
    if as_json:
        click.echo(json.dumps(data(sheet), ensure_ascii=False))
    else:
        click.echo("\n".join(page(sheet)))


@click.command("consent")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def consent(app: App, email: str, as_json: bool) -> None:
    """Show what EMAIL agreed to and refused.

    When, where, and how that is known.
    """
    from mailer.cli.sheet import ledger, record

    sheet = _sheet(app, email)
    if as_json:
        said = [record(each) for each in sheet.consents]
        click.echo(json.dumps(said, ensure_ascii=False))
    elif sheet.consents:
        click.echo("\n".join(ledger(sheet)))
    else:
        click.echo(f"Nothing is recorded of {sheet.email}.", err=True)


@click.command("edit")
@click.argument("email")
@click.option("--name", help="What to call them.")
@click.option("--language", help="Theirs, as in de or pt-BR.")
@click.option("--timezone", help="Theirs, as in Europe/Lisbon.")
@click.option("--field", "fields", metavar="NAME=VALUE", multiple=True, help="Any other field.")
@click.option("--unset", metavar="NAME", multiple=True, help="A field to take away.")
@click.pass_obj
def edit(
    app: App,
    email: str,
    name: str | None,
    language: str | None,
    timezone: str | None,
    fields: tuple[str, ...],
    unset: tuple[str, ...],
) -> None:
    """Change the fields of EMAIL. What isn't named stays."""
    from mailer.services.edit import Edit, edit

    own = {"name": name, "language": language, "timezone": timezone}
    texts = {key: value for key, value in own.items() if value is not None}
    if empty := [key for key, value in texts.items() if not value.strip()]:
        raise UsageError(f"--{empty[0]} is empty", next_step=f"To take it away: --unset {empty[0]}")
    texts |= dict(pair(each, "--field") for each in fields)
    if not texts and not unset:
        raise UsageError("say what to change: --name, --language, --timezone, --field or --unset")
    changed = edit(app.database, Edit(address_of(email), texts, unset), app.now())
    click.echo(f"{email}: {', '.join(changed)} changed." if changed else f"{email}: nothing new.", err=True)


@click.command("pause")
@click.argument("email")
@click.option("--list", "names", metavar="LIST", multiple=True, help="From this list; from all unless given.")
@click.option("--until", metavar="DATE", help="Until this day, or this moment.")
@click.option("--for", "span", metavar="SPAN", help="For so long: 12h, 10d, 4w.")
@click.pass_obj
def pause(app: App, email: str, names: tuple[str, ...], until: str | None, span: str | None) -> None:
    """Let EMAIL get nothing for a while.

    They stay on their lists.
    """
    from mailer.services.edit import Pause
    from mailer.services.edit import pause as do

    if (until is None) == (span is None):
        raise UsageError("say how long: --until DATE or --for SPAN")
    then = _day(app, until) if until else _after(app.now(), span or "")
    request = Pause(address_of(email), names or None, then, source_of(app, "pause"))
    paused = do(app.database, request, app.now())
    on = (
        f"pauses on {', '.join(paused)} until {then:%Y-%m-%d %H:%M} UTC" if paused else "has nothing to pause"
    )
    click.echo(f"{email} {on}.", err=True)


@click.command("resume")
@click.argument("email")
@click.option("--list", "names", metavar="LIST", multiple=True, help="On this list; on all unless given.")
@click.pass_obj
def resume(app: App, email: str, names: tuple[str, ...]) -> None:
    """Let EMAIL get mail again before their pause is over."""
    from mailer.services.edit import Pause, pause

    request = Pause(address_of(email), names or None, None, source_of(app, "resume"))
    on = pause(app.database, request, app.now())
    click.echo(f"{email} goes on with {', '.join(on)}." if on else f"{email} does not pause.", err=True)


def _sheet(app: App, email: str) -> PersonSheet:
    from mailer.services.person import sheet_of

    sheet = sheet_of(app.database, address_of(email), app.now())
    if sheet.unheard_of:
        click.echo(f"{sheet.email} is not known here: nobody's address, and not suppressed.", err=True)
        raise click.exceptions.Exit(ExitCode.USAGE)
    return sheet


def _day(app: App, text: str) -> datetime:
    from mailer.domain.moment import MomentError, parse_moment

    try:
        whole = f"{text.strip()} 00:00" if len(text.strip()) <= len("2026-12-01") else text
        return parse_moment(whole, app.settings.zone)
    except MomentError as error:
        raise UsageError(f"--until {text}: {error}") from None


def _after(now: datetime, text: str) -> datetime:
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"--for {text!r} is no span of time", next_step="Write it like 12h, 10d or 4w.")
    return now + timedelta(**{_UNITS[found[2]]: int(found[1])})
