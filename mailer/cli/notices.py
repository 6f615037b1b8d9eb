"""What whoever runs the program is told: shown, tried again, tried out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.terminal import say
from mailer.errors import ExitCode

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.notices import NoticeSheet


@click.group()
def notices() -> None:
    """Show what you are told of sends, schedules and the account, and whether it reached you."""


@notices.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_all(app: App, as_json: bool) -> None:
    """Show the newest notices, and how far each has come."""
    from mailer.services.notices import sheets

    found = sheets(app)
    if as_json:
        click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
    for each in () if as_json else found:
        notice = each.notice
        say(f"{notice.id:>4}  {notice.at:%Y-%m-%d %H:%M} UTC  {notice.event:<16}  {notice.title}")
        for way in each.ways:
            say(f"      {way.name}: {each.standing(way)}")
    if not found:
        click.echo("Nothing was to be told yet.", err=True)


@notices.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_one(app: App, number: int, as_json: bool) -> None:
    """Show notice NUMBER, and every attempt to tell it."""
    from mailer.services.notices import sheet_of

    found = sheet_of(app, number)
    if as_json:
        click.echo(json.dumps(_data(found), ensure_ascii=False))
        return
    notice = found.notice
    say(f"{notice.id}  {notice.at:%Y-%m-%d %H:%M:%S} UTC  {notice.event}")
    say("\n".join(f"  {line}" for line in (notice.title, *notice.lines)))
    for way in found.ways:
        say(f"  {way.name}: {found.standing(way)}")
        for attempt in found.attempts:
            if attempt.way == way.name:
                words = attempt.words or "not heard of any more"
                say(f"    {attempt.number}  {attempt.at:%Y-%m-%d %H:%M:%S} UTC  {words}")
    if not found.ways:
        say("  told to nobody: see NOTICES, ADMIN_EMAIL and NOTICE_WEBHOOK")


@notices.command("retry")
@click.argument("number", type=int, required=False)
@click.option("--beside", is_flag=True, hidden=True, help="What is due, for the process that began it.")
@click.pass_obj
def retry(app: App, number: int | None, beside: bool) -> None:
    """Tell now what could not be told: notice NUMBER, or all."""
    from mailer.services.notice_telling import tell_noted
    from mailer.services.notices import retry, sheet_of

    if beside:
        tell_noted(app)
        return
    ways = retry(app, number)
    tell_noted(app, number)
    click.echo(f"Tried again, ways: {ways}.")
    if number is not None:
        found = sheet_of(app, number)
        for way in found.ways:
            say(f"  {way.name}: {found.standing(way)}")


@notices.command("test")
@click.pass_obj
def test(app: App) -> None:
    """Send a test notice by each way, and say what came of it.

    Exit codes: 0 it was taken by each; 2 nobody is told, or a setting is wrong; 75 it wasn't.
    """
    from mailer.services.notice_telling import tell_noted
    from mailer.services.notices import note_test, sheet_of

    number = note_test(app)
    tell_noted(app, number)
    found = sheet_of(app, number)
    for way in found.ways:
        latest = [each.words for each in found.attempts if each.way == way.name][-1:]
        words = found.mail if way.name == "mail" and found.mail else "".join(filter(None, latest))
        say(f"{way.name}: {words or found.standing(way)}")
    if not found.reached:
        say(f"  next: mailer notices retry {number}", err=True)
        raise click.exceptions.Exit(ExitCode.AGAIN)


def _data(sheet: NoticeSheet) -> dict[str, Any]:
    notice = sheet.notice
    return {
        "id": notice.id,
        "event": notice.event,
        "at": notice.at.isoformat(),
        "title": notice.title,
        "lines": list(notice.lines),
        "data": notice.data,
        "ways": [
            {"way": each.name, "state": each.state, "attempts": each.attempts, "words": sheet.standing(each)}
            for each in sheet.ways
        ],
        "attempts": [
            {"way": each.way, "number": each.number, "at": each.at.isoformat(), "words": each.words}
            for each in sheet.attempts
        ],
    }
