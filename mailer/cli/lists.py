"""`mailer lists`: make, set and show subscriber lists, put them away and delete them."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.leaving_reasons import reasons
from mailer.cli.list_options import changes, settings_options
from mailer.cli.terminal import ask, ask_for_name, cut, print_hanging, print_table, say, width
from mailer.domain.subscriber import PAUSED, Status
from mailer.errors import PlanRefused, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.subscriber import SubscriberList
    from mailer.services.list_removal import ListRemoval
    from mailer.services.list_settings import ListUse

GAP, LEAST_TITLE, NAMES = 2, 10, 18  # columns


@click.group()
def lists() -> None:
    """Make, set and show subscriber lists, put them away and delete them."""


lists.add_command(reasons)


@lists.command("create")
@click.argument("name")
@settings_options
@click.pass_obj
def create(app: App, /, name: str, **asked: Any) -> None:
    """Make a list. NAME is what commands say: letters, digits, - and _.

    What a list doesn't say the settings do.
    """
    from mailer.services.list_settings import create

    made = create(app, name, changes(asked))
    click.echo(f"Made the list {made.name} ({made.title}).", err=True)
    if left := sum(made.counts.values()) + made.suppressed:
        click.echo(f"There was one of that name: {left:,} who had left it stay off.", err=True)


@lists.command("set")
@click.argument("name")
@settings_options
@click.option(
    "--unset",
    multiple=True,
    metavar="NAME",
    help="Let the settings say it: from, reply-to, postal-address, language, param, param:NAME; take back "
    "welcome, confirmed-url; repeatable.",
)
@click.pass_obj
def set_list(app: App, /, name: str, unset: tuple[str, ...], **asked: Any) -> None:
    """Let the list NAME say something else from now on.

    A send that was begun keeps what it has.
    """
    from mailer.services.list_settings import change, differences, use_of

    before, after = change(app, name, changes(asked, unset))
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
    """Put the list NAME away: nothing is sent to it.

    Nobody is put on it either. What was begun goes on, and people can leave it.
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


@lists.command("delete")
@click.argument("name")
@click.option("--yes", "typed", metavar="NAME", help="The name once more, instead of being asked for it.")
@click.pass_obj
def delete(app: App, name: str, typed: str | None) -> None:
    """Delete the list NAME, after its name was typed once more.

    Says before what would be lost, and leaves a file with who was on it. Who had left stays off a later list
    of that name; sends and consents stay accounted for, and links in old mails work.
    """
    from mailer.services.list_removal import removal_of, remove

    removal = removal_of(app, name)
    _print_removal(removal)
    if typed is None:
        typed = ask_for_name(
            f"To delete it, type its name ({name})",
            PlanRefused(
                f"to delete {name} its name has to be typed, and there is no terminal to ask on",
                next_step=f"mailer lists delete {name} --yes {name}",
            ),
        )
    if typed != name:
        raise UsageError(f"{typed!r} is not {name!r}: nothing was deleted")
    kept = remove(app, name)
    click.echo(f"Deleted the list {name}. Who was on it: {kept}", err=True)
    say(f"  next: to have it again: mailer lists create {name}", err=True)
    say(f"  next: and its people: mailer subscribers import {quote(str(kept))} --list {name}", err=True)


def _print_removal(removal: ListRemoval) -> None:
    found, use = removal.found, removal.use
    click.echo(f"{found.name} · {_title(found)}")
    left = found.counts[Status.UNSUBSCRIBED]
    print_hanging("goes", f"who is on it: {_said_counts(found, left_too=False)}", NAMES)
    for each in use.scheduled:
        print_hanging("goes", f"schedule {each.id}: {each.issue}, {each.when}", NAMES)
    unconfirmed = found.counts[Status.UNCONFIRMED]
    said = f"that {left:,} had left it and {unconfirmed:,} had not confirmed it"
    print_hanging("stays", f"{said}, and {removal.entries:,} entries of consent", NAMES)
    print_hanging("stays", f"the account of {use.sends:,} sends; links in their mails work", NAMES)


@lists.command("remind")
@click.argument("name", required=False)
@click.option("--after", type=click.IntRange(0, 365), metavar="DAYS", help="Who has waited so long.")
@click.option(
    "--forget", type=click.IntRange(1, 3650), metavar="DAYS", help="Forget who has waited so long instead."
)
@click.option("--dry-run", is_flag=True, help="Say how many that are; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remind(
    app: App, name: str | None, after: int | None, forget: int | None, dry_run: bool, yes: bool
) -> None:
    """Write once to who has not confirmed.

    That is the list NAME, or any list, after 3 days, or SIGNUP_REMIND_DAYS. With --forget, or
    SIGNUP_FORGET_DAYS, who has not confirmed for so long is taken off the list, and nothing is kept of who is
    on no other.
    """
    from mailer.services.letters import post
    from mailer.services.reminders import AFTER, Patience, carry_out, look

    settings = app.settings
    remind = after if after is not None else settings.signup_remind_days or AFTER
    found = look(app, Patience(name, remind, forget or settings.signup_forget_days or None))
    numbers = f"{len(found.remind):,} are reminded, {len(found.forget):,} forgotten"
    if dry_run or not found:
        click.echo(f"Of those who have not confirmed: {numbers}. Nothing was done.", err=True)
        return
    if not yes:
        unasked = PlanRefused(
            f"{numbers}, and there is no terminal to ask on; nothing was done",
            next_step=shlex.join(["mailer", *sys.argv[1:], "--yes"]),
        )
        ask(f"Of those who have not confirmed: {numbers}. Go on?", unasked)
    done = carry_out(app, found)
    click.echo(
        f"Reminded {done.reminded:,}; forgot {done.forgotten:,}, of whom {done.gone:,} are gone.", err=True
    )
    if left := len(found.remind) - done.reminded:
        click.echo(f"{left:,} were written to of late, or have answered meanwhile.", err=True)
    with app.at_work():
        post(app)


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
    print_hanging("", _said_counts(found), GAP)


def _said_counts(found: SubscriberList, *, left_too: bool = True) -> str:
    shown = {name: count for name, count in _counts(found).items() if left_too or name != Status.UNSUBSCRIBED}
    return "   ".join(f"{name}\xa0{count:,}" for name, count in shown.items())


@lists.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show(app: App, name: str, as_json: bool) -> None:
    """Show one list: what its mails say, and who is on it.

    And by whose word they say it, which schedules name it, and what was sent to it.
    """
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
    then = f" · welcomes with {found.welcome}" if found.welcome else ""
    return f"{words['shown']} · {words['sign-up']} · what it sent is {words['archive']} on pages{then}"


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
        "welcome": found.welcome or None,
        "confirmed_url": found.confirmed_url or None,
        "archived_at": found.archived_at and found.archived_at.isoformat(),
        "counts": _counts(found),
    }


def _counts(found: SubscriberList) -> dict[str, int]:
    return {
        str(Status.SUBSCRIBED): found.counts.get(Status.SUBSCRIBED, 0),
        PAUSED: found.paused,
        **{str(status): found.counts.get(status, 0) for status in (Status.UNCONFIRMED, Status.UNSUBSCRIBED)},
        "suppressed": found.suppressed,
    }
