"""`mailer lists`: make, set and show subscriber lists, put them away and delete them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailer.cli.terminal import cut, print_hanging, print_table, say, width

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.subscriber import SubscriberList
    from mailer.services.list_settings import ListChanges, ListUse

Command = TypeVar("Command", bound=Callable[..., Any])
GAP, LEAST_TITLE, NAMES = 2, 10, 18  # columns


@click.group()
def lists() -> None:
    """Make, set and show subscriber lists, put them away and delete them."""


def _settings_options(command: Command) -> Command:
    """Give a command an option for each thing that a list says."""
    options = [
        click.option("--title", metavar="TEXT", help="What subscribers read; the name unless given."),
        click.option("--description", metavar="TEXT", help="What the list is about, in a sentence."),
        click.option("--public/--private", "is_public", default=None, help="Whether pages show it."),
        click.option(
            "--double-opt-in/--single-opt-in",
            "double_opt_in",
            default=None,
            help="Whether who signs up has to confirm it.",
        ),
        click.option("--from", "sender", metavar="MAILBOX", help="Who its mails are from; else MAIL_FROM."),
        click.option("--reply-to", metavar="MAILBOX", help="Where replies go; else MAIL_REPLY_TO."),
        click.option("--postal-address", metavar="TEXT", help="In the footer; else POSTAL_ADDRESS."),
        click.option("--language", metavar="TAG", help="Of issues that say none; else LANGUAGE."),
        click.option(
            "--param",
            "params",
            multiple=True,
            metavar="NAME=VALUE",
            help="For layouts, as params in front matter: accent=#0b5345; repeatable.",
        ),
        click.option(
            "--archive/--no-archive",
            "in_archive",
            default=None,
            help="Whether what it sent is shown on pages.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _changes(asked: dict[str, Any], unset: Sequence[str] = ()) -> ListChanges:
    from mailer.services.list_settings import SWITCHES, TEXTS, ListChanges

    given = {column: value for column, value in asked.items() if value is not None}
    return ListChanges(
        {column: given[column] for column in TEXTS if column in given},
        {column: given[column] for column in SWITCHES if column in given},
        given["params"],
        unset,
    )


@lists.command("create")
@click.argument("name")
@_settings_options
@click.pass_obj
def create(app: App, /, name: str, **asked: Any) -> None:
    """Make a list. NAME is what commands say: letters, digits, - and _.

    What a list doesn't say the settings do.
    """
    from mailer.services.list_settings import create

    made = create(app, name, _changes(asked))
    click.echo(f"Made the list {made.name} ({made.title}).", err=True)
    if left := sum(made.counts.values()) + made.suppressed:
        click.echo(f"There was one of that name: {left:,} who had left it stay off.", err=True)


@lists.command("set")
@click.argument("name")
@_settings_options
@click.option(
    "--unset",
    multiple=True,
    metavar="NAME",
    help="Let the settings say it: from, reply-to, postal-address, language, param, param:NAME; repeatable.",
)
@click.pass_obj
def set_list(app: App, /, name: str, unset: tuple[str, ...], **asked: Any) -> None:
    """Let the list NAME say something else from now on.

    A send that was begun keeps what it has.
    """
    from mailer.services.list_settings import change, differences, use_of

    before, after = change(app, name, _changes(asked, unset))
    click.echo(f"{after.name} · {after.title}")
    different = differences(app, before, after)
    for what, then, now in different:
        print_hanging(what, f"{_or_nothing(then)} -> {_or_nothing(now)}", NAMES)
    if not different:
        click.echo("  Nothing changes.")
        return
    for report in use_of(app, name).under_way:
        say(f"Note: {report.name} is under way to it, and keeps the text that it has.", err=True)


def _or_nothing(value: object) -> str:
    return "nothing" if value is None else str(value)


@lists.command("archive")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Take it up again.")
@click.pass_obj
def archive_list(app: App, name: str, undo: bool) -> None:
    """Put the list NAME away: nothing is sent to it any more, and nobody is put on it.

    What was begun goes on, and people can leave it.
    """
    from mailer.services.list_settings import archive, use_of

    archive(app, name, undo=undo)
    if undo:
        click.echo(f"The list {name} is there again.", err=True)
        return
    click.echo(f"The list {name} is archived: nothing is sent to it, and nobody is put on it.", err=True)
    use = use_of(app, name)
    for report in use.under_way:
        say(f"Note: {report.name} was begun before, and goes on.", err=True)
    for each in use.scheduled:
        say(f"Note: schedule {each.id} ({each.issue}) names it. To take it back:", err=True)
        say(f"  next: mailer schedule remove {each.id}", err=True)


@lists.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_all(app: App, as_json: bool) -> None:
    """Show every list and how many people have which status."""
    found = app.lists.all()
    if as_json:
        click.echo(json.dumps([_list_data(each) for each in found], ensure_ascii=False))
    elif found:
        _print(found)
    else:
        say("There is no list yet. Make one with: mailer lists create NAME", err=True)


def _print(found: Sequence[SubscriberList]) -> None:
    """Print a table, or where that is too wide a paragraph for each list."""
    heads = ("name", "title", *_counts(found[0]))
    names, titles = [each.name for each in found], [_title(each) for each in found]
    counts = [tuple(_counts(each).values()) for each in found]
    others = [max(width(str(cell)) for cell in column) for column in zip(heads[2:], *counts, strict=True)]
    taken = [max(map(width, [heads[0], *names])), *others]
    room = shutil.get_terminal_size().columns - sum(taken) - GAP * len(taken)
    if room >= min(LEAST_TITLE, max(map(width, titles))):
        shown = [cut(title, room) for title in titles]
        print_table(heads, [(*row, *each) for *row, each in zip(names, shown, counts, strict=True)])
        return
    for each in found:
        click.echo(f"{each.name} · {_title(each)}")
        _print_counts(each)


def _title(found: SubscriberList) -> str:
    return f"(archived) {found.title}" if found.archived_at else found.title


def _print_counts(found: SubscriberList) -> None:
    shown = "   ".join(f"{status}\xa0{count:,}" for status, count in _counts(found).items())
    print_hanging("", shown, GAP)


@lists.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show(app: App, name: str, as_json: bool) -> None:
    """Show one list: what its mails say and by whose word, who is on it, what is and was sent to it."""
    from mailer.services.list_settings import said_of, use_of

    found = app.lists.named(name)
    said, use = said_of(app, found), use_of(app, name)
    if as_json:
        mails = {each.name: {"value": each.value, "by": each.by} for each in said}
        click.echo(json.dumps({**_list_data(found), "mails": mails, **_use_data(use)}, ensure_ascii=False))
        return
    click.echo(f"{found.name} · {_title(found)}")
    if found.description:
        print_hanging("", found.description, GAP)
    print_hanging("", _described(found), GAP)
    for each in said:
        print_hanging(each.name, f"{each.value} ({each.by})", NAMES)
    _print_counts(found)
    for what, text in _used(use):
        print_hanging(what, text, NAMES)


def _described(found: SubscriberList) -> str:
    from mailer.services.list_settings import traits

    words = traits(found)
    return f"{words['shown']} · {words['sign-up']} · what it sent is {words['archive']} on pages"


def _used(use: ListUse) -> Iterable[tuple[str, str]]:
    for each in use.scheduled:
        yield "scheduled", f"{each.id}: {each.issue} to {each.audience}, {each.when}"
    for report in use.latest:
        yield "sent", f"{report.name} ({report.send.created_at:%Y-%m-%d}): {report.got_it}"


def _use_data(use: ListUse) -> dict[str, Any]:
    return {
        "scheduled": [
            {"id": each.id, "issue": each.issue, "due_at": each.due_at.isoformat()} for each in use.scheduled
        ],
        "sends": use.sends,
        "latest_sends": [
            {"issue": each.send.slug, "begun_at": each.send.created_at.isoformat(), "accepted": each.accepted}
            for each in use.latest
        ],
    }


def _list_data(found: SubscriberList) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.title,
        "description": found.description,
        "public": found.is_public,
        "double_opt_in": found.double_opt_in,
        "in_archive": found.in_archive,
        "archived_at": found.archived_at and found.archived_at.isoformat(),
        "counts": _counts(found),
    }


def _counts(found: SubscriberList) -> dict[str, int]:
    from mailer.domain.subscriber import PAUSED, Status

    return {
        str(Status.SUBSCRIBED): found.counts.get(Status.SUBSCRIBED, 0),
        PAUSED: found.paused,
        **{str(status): found.counts.get(status, 0) for status in (Status.UNCONFIRMED, Status.UNSUBSCRIBED)},
        "suppressed": found.suppressed,
    }
