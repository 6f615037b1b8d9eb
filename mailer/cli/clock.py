"""Delivery on a clock: `schedule`, `run`, `tick`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from mailer.cli.segment_options import segment_options
from mailer.cli.stage_options import rollout_of, stage_options
from mailer.cli.terminal import announce_settings, say, warn
from mailer.domain.moment import in_both_zones
from mailer.durations import about
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.audience import Audience
    from mailer.domain.rollout import Rollout
    from mailer.schedule.told_beside import ToldBeside
    from mailer.services.prepare import SendRequest
    from mailer.services.schedules import ScheduleStanding, Upcoming

KEEP_GOING = "  next: keep `mailer run` going, or let cron call `mailer tick` every minute"


@click.group()
def schedule() -> None:
    """Set, show, move and remove times at which issues go out (through `mailer run` or `mailer tick`)."""


@schedule.command("add")
@click.argument("issue", required=False)
@click.option(
    "--list", "-l", "list_names", multiple=True, metavar="L", help="A list that gets it; repeatable."
)
@click.option("--exclude", "excluded", multiple=True, metavar="L", help="A list whose subscribers don't.")
@segment_options
@click.option(
    "--at",
    "typed",
    metavar="TIME",
    help='"2026-12-01 08:00" (in TZ), RFC 3339 with an offset, or "in 3h".',
)
@click.option(
    "--local", "by_local_time", is_flag=True, help="With --at: when it is that where each reader is."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Send its next issue each time, by --cron.")
@click.option("--feed", "feeds", multiple=True, metavar="URL", help="Send what is new in it; repeatable.")
@click.option("--at-least", type=int, default=1, metavar="N", help="With --feed: wait for N new entries.")
@click.option("--at-most", type=int, default=10, metavar="M", help="With --feed: the newest M; default 10.")
@click.option("--full-text/--summary", help="With --feed: entries whole, or summed up, which is the default.")
@click.option(
    "--template",
    default="digest",
    metavar="NAME",
    help="With --feed: lay entries out by templates/feeds/NAME.html.",
)
@click.option("--cron", metavar="EXPR", help='When it recurs, as in crontab: "0 8 * * MON" (in TZ).')
@click.option(
    "--none-ready",
    type=click.Choice(["skip", "fail"]),
    default="skip",
    show_default=True,
    help="What if no issue of the folder is ready, or nothing is new in the feeds.",
)
@stage_options
@click.pass_obj
def add(
    app: App,
    /,
    issue: str | None,
    typed: str | None,
    folder: Path | None,
    feeds: tuple[str, ...],
    **options: Any,
) -> None:
    """Send ISSUE at a time, or something each time.

    That is the next issue of a folder, or what is new in feeds. The file is read when it is due; that of
    ISSUE is compiled now to find its mistakes.
    """
    options["rollout"] = rollout_of(*(options.pop(name) for name in ("stages", "hold", "stop_if")))
    if bool(folder) + bool(feeds) + bool(issue or typed) != 1 or bool(issue) != bool(typed):
        raise _one_of()
    if issue and typed:
        if options["cron"]:
            raise _one_of()
        _add_issue(app, issue, typed, **options)
        return
    if options.pop("by_local_time"):
        raise UsageError(
            "--local is for an issue", next_step="Leave out --local, or --folder, --feed and --cron."
        )
    if folder:
        _add_folder(app, folder, **options)
    else:
        _add_feeds(app, feeds, **options)


def _one_of() -> UsageError:
    return UsageError(
        "either an issue and --at TIME, or --folder FOLDER or --feed URL, and --cron EXPR",
        next_step='Such as: mailer schedule add harbour --at "in 3h"\n'
        '  or: mailer schedule add --folder issues --cron "0 8 * * MON" --list weekly',
    )


def _add_issue(
    app: App,
    issue: str,
    typed: str,
    *,
    list_names: tuple[str, ...],
    excluded: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
    by_local_time: bool,
    rollout: Rollout | None,
    **_: object,
) -> None:
    from mailer.services.issues import issue_file
    from mailer.services.prepare import SendRequest

    request = SendRequest(
        issue_file(app, issue),
        issue,
        list_names,
        excluded,
        segment=segment,
        excluded_segments=excluded_segments,
    )
    add_issue(app, request, typed, by_local_time=by_local_time, rollout=rollout)


def add_issue(
    app: App,
    request: SendRequest,
    typed: str,
    *,
    by_local_time: bool = False,
    rollout: Rollout | None = None,
) -> None:
    """Have an issue sent at the time that was typed, and say when that is."""
    from mailer.services.schedules import add, when_due

    if rollout and by_local_time:
        raise UsageError("--local and --stages exclude each other", next_step="Leave out one of them.")
    added = add(app, request, typed, warn, by_local_time=by_local_time, rollout=rollout)
    click.echo(f"Schedule {added.schedule.id}: {added.slug} to {added.schedule.audience}")
    click.echo(f"  {when_due(added.schedule, app.now())}")
    say(KEEP_GOING, err=True)


def _add_folder(
    app: App,
    folder: Path,
    *,
    cron: str | None,
    none_ready: str,
    rollout: Rollout | None,
    **options: Any,
) -> None:
    from mailer.domain.recurrence import NoneReady, Recurrence
    from mailer.services.recurring import add_folder, ready

    if not cron:
        raise UsageError("--folder needs --cron", next_step='Such as: --cron "0 8 * * MON"')
    audience = _audience(app, **options)
    added = add_folder(app, folder, audience, Recurrence(cron, NoneReady(none_ready)), rollout)
    first = next(ready(app, app.root / added.issue, audience), None)
    what = f"with {first.relative_to(app.root)}" if first else f"no issue of {folder} is ready yet"
    _say_first(app, added.id, what)


def _add_feeds(
    app: App,
    feeds: tuple[str, ...],
    *,
    cron: str | None,
    none_ready: str,
    at_least: int,
    at_most: int,
    full_text: bool,
    template: str,
    rollout: Rollout | None,
    **options: Any,
) -> None:
    from mailer.domain.digest import Digest
    from mailer.domain.recurrence import NoneReady, Recurrence
    from mailer.services.digests import add_digest

    if not cron:
        raise UsageError("--feed needs --cron", next_step='Such as: --cron "0 8 * * MON"')
    digest = Digest(tuple(dict.fromkeys(feeds)), at_least, at_most, full_text, template)
    recurrence = Recurrence(cron, NoneReady(none_ready), digest)
    added = add_digest(app, _audience(app, **options), recurrence, rollout)
    again = " ".join(f"--feed {quote(each)}" for each in digest.feeds)
    _say_first(app, added.id, f"as it would go now: mailer preview {again}")


def _audience(
    app: App,
    *,
    list_names: tuple[str, ...],
    excluded: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
    **_: object,
) -> Audience:
    from mailer.services.recurring import audience_of

    return audience_of(app, list_names, excluded, segment, excluded_segments)


def _say_first(app: App, number: int, what: str) -> None:
    from mailer.services.schedules import standing_of, when_due

    sheet = standing_of(app, number)
    first = sheet.standing.schedule
    click.echo(f"Schedule {number}: {sheet.words}")
    click.echo(f"  first {when_due(first, app.now())}")
    say(f"  {what}")
    say("  next: mailer schedule list --calendar\n" + KEEP_GOING, err=True)


@schedule.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.option("--calendar", is_flag=True, help="The next ten times at which something goes out.")
@click.option("--ics", is_flag=True, help="The times of a year, for calendar programs (iCalendar).")
@click.pass_obj
def show(app: App, as_json: bool, calendar: bool, ics: bool) -> None:
    """Show every schedule by the time it is due, and how it stands."""
    from mailer.services.schedules import coming, schedule_standings

    if ics:
        from mailer.services.schedules import icalendar

        click.echo(icalendar(app), nl=False)
        return
    if calendar:
        _calendar(app, coming(app), as_json=as_json)
        return
    found = schedule_standings(app)
    if as_json:
        click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
    elif found:
        for each in found:
            click.echo(_line(each))
    else:
        click.echo("Nothing is scheduled.", err=True)


def _calendar(app: App, times: list[Upcoming], *, as_json: bool) -> None:
    if as_json:
        data = [
            {"at": each.at.isoformat(), "schedule": each.schedule.id, "what": each.words} for each in times
        ]
        click.echo(json.dumps(data, ensure_ascii=False))
    for each in () if as_json else times:
        when = in_both_zones(each.at, ZoneInfo(each.schedule.zone))
        click.echo(f"{when}  {about(each.at - app.now()):<16}  {each.words} (schedule {each.schedule.id})")
    if not times:
        click.echo("Nothing is scheduled.", err=True)


@schedule.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_one(app: App, number: int, as_json: bool) -> None:
    """Show schedule NUMBER, its times, and what came of it."""
    from mailer.services.schedules import standing_of, when_due

    found = standing_of(app, number)
    if as_json:
        click.echo(json.dumps(_data(found.standing) | {"times": [at.isoformat() for at in found.times]}))
        return
    each = found.standing.schedule
    click.echo(f"Schedule {each.id}: {found.words}")
    click.echo(f"  {found.standing.state}" + (f": {found.standing.words}" if found.standing.words else ""))
    for at in found.times:
        click.echo(f"  {when_due(replace(each, due_at=at), app.now())}")
    for feed in found.feeds:
        moved = f", moved to {feed.moved_to}" if feed.moved_to else ""
        click.echo(f"  {feed.address}{moved}: {feed.trouble or 'was read'}")
    for occurrence in found.occurrences:
        click.echo(_line(occurrence))


@schedule.command("address")
@click.pass_obj
def address(app: App) -> None:
    """Print the address that calendar programs subscribe to.

    They see there what goes out when; `mailer serve` answers. SCHEDULE_CALENDAR has a word for it; another
    word makes another address.
    """
    from mailer.services.schedule_link import ScheduleLink

    click.echo(ScheduleLink(app).address())


@schedule.command("remove")
@click.argument("number", type=int)
@click.pass_obj
def remove(app: App, number: int) -> None:
    """Take back schedule NUMBER, if it has not begun."""
    from mailer.services.schedules import remove

    remove(app, number)
    click.echo(f"Removed schedule {number}.")


@schedule.command("move")
@click.argument("number", type=int)
@click.option("--at", "typed", required=True, metavar="TIME", help="As for `schedule add`.")
@click.pass_obj
def move(app: App, number: int, typed: str) -> None:
    """Let schedule NUMBER be due at another time, if it has not begun."""
    from mailer.services.schedules import move, when_due

    moved = move(app, number, typed)
    click.echo(f"Schedule {number}: {when_due(moved, app.now())}")


def _line(standing: ScheduleStanding) -> str:
    from mailer.services.schedules import described

    each = standing.schedule
    words = f"  ({standing.words})" if standing.words else ""
    return f"{each.id:>4}  {standing.state:<9}  {each.when}  {described(each)}{words}"


def _data(standing: ScheduleStanding) -> dict[str, object]:
    each = standing.schedule
    return {
        "id": each.id,
        "issue": each.issue,
        "lists": list(each.audience.lists),
        "exclude": list(each.audience.exclude),
        "segment": each.audience.segment,
        "exclude_segments": list(each.audience.exclude_segments),
        "due_at": each.due_at.isoformat(),
        "zone": each.zone,
        "cron": each.recurrence.cron if each.recurrence else None,
        "feeds": list(each.recurrence.digest.feeds) if each.recurrence and each.recurrence.digest else [],
        "of": each.parent_id,
        "local_at": each.local_at and each.local_at.isoformat(),
        "rollout": each.rollout and each.rollout.data(),
        "state": standing.state,
        "note": standing.words,
    }


@click.command()
@click.option(
    "--every", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Seconds between looks."
)
@click.option("--tell", type=int, hidden=True, help="Answer for the one that began it, on this socket.")
@click.pass_obj
def run(app: App, every: float, tell: int | None) -> None:
    """Send what falls due, until stopped; SIGTERM and Ctrl-C finish what is in flight first.

    SIGHUP has it begin anew with the settings as they are by then, once what is in flight is finished.
    """
    from mailer.cli import complain

    if tell is not None:
        _answer_beside(app, tell, every)
        return
    from mailer.schedule.daemon import Daemon
    from mailer.schedule.service_manager import ServiceManager
    from mailer.schedule.settings_anew import SettingsAnew
    from mailer.services.notice_beside import tell_beside
    from mailer.services.return_beside import read_beside
    from mailer.services.rounds import rounds

    announce_settings(app)
    app.stay(keep_open=True)
    manager, anew = ServiceManager(), SettingsAnew(app, complain)
    looking = f"Looking for due issues in {app.root} every {every:g} s."

    beats = [manager.alive]

    def alive() -> None:
        for beat in beats:
            beat()

    def looked() -> bool:
        manager.ready(looking)
        return anew.wanted

    with anew, _told_beside(app, every) as pulse, ExitStack() as stack:
        if pulse:
            beats.append(pulse.alive)
        made = stack.enter_context(rounds(app, alive, stack.enter_context(tell_beside(app)).tell))
        app.database  # noqa: B018 - what is wrong with it is said now
        reading = stack.enter_context(read_beside(app, warn))
        click.echo(f"{looking} Ctrl-C stops.", err=True)
        if reading:
            beats.append(reading.look)
            click.echo("Reading what comes back beside it.", err=True)
        Daemon(made, every, say, complain, pulse).keep_sending(looked)
        if made.over:
            manager.stopping()
    if anew.wanted and not made.over:
        manager.reloading()
        anew.begin()
    click.echo("Stopped; nothing is in flight.", err=True)


@contextmanager
def _told_beside(app: App, every: float) -> Iterator[ToldBeside | None]:
    """Have who asks at RUN_LISTEN answered for the block; None where nobody is to ask."""
    if not app.settings.run_listen:
        yield None
        return
    from mailer.cli.listening import listen
    from mailer.schedule.told_beside import ToldBeside
    from mailer.settings.values import host_and_port

    host, port = host_and_port(app.settings.run_listen)
    with ToldBeside(app, listen(host, port, "RUN_LISTEN"), every) as beside:
        yield beside


def _answer_beside(app: App, fd: int, every: float) -> None:
    from mailer.cli.listening import opened
    from mailer.web.run_pages import tell_of_run

    app.stay()
    tell_of_run(app, opened(fd), sys.stdin.buffer, every)


@click.command()
@click.pass_obj
def tick(app: App) -> None:
    """Send what is due now, once: for cron or a systemd timer. Two at once never send twice."""
    from mailer.cli import complain
    from mailer.services.rounds import tick

    done = tick(app, say)
    for report in done.reports:
        say(report.text())
    for error in done.errors:
        complain(error)
    raise click.exceptions.Exit(done.exit_code)
