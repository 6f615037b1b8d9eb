"""Schedules that recur: set, come again, and each time an issue chosen: of a folder the next, or of feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailer.domain.audience import Audience
from mailer.domain.moment import in_both_zones
from mailer.domain.recurrence import Recurrence
from mailer.domain.rollout import Rollout
from mailer.engine.standing import local
from mailer.errors import NoneReadyYet, PlanRefused, UsageError
from mailer.ledger.schedules import TO_COME, Schedule, ScheduleState

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.timetable.cron import Cron


def audience_of(
    app: App,
    lists: tuple[str, ...],
    excluded: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
) -> Audience:
    """Return whom a schedule without an issue is for; UsageError for a list or segment that isn't there."""
    if not lists:
        known = ", ".join(each.name for each in app.lists.all()) or "none yet: mailer lists create NAME"
        raise UsageError("to which list?", next_step=f"Add --list L. Lists: {known}.")
    names = [tuple(app.lists.named(name).name for name in group) for group in (lists, excluded)]
    audience = Audience(names[0], names[1], segment or "", excluded_segments)
    if audience.segments:
        from mailer.services.segments import kept  # lark

        kept(app, audience.segments)
    return audience


def add_folder(
    app: App, folder: Path, audience: Audience, recurrence: Recurrence, rollout: Rollout | None = None
) -> Schedule:
    """Have the next issue of `folder` sent each time. UsageError for what could never begin anything.

    Which issue that is, is found out when the time has come.
    """
    full = folder.resolve()
    if not full.is_dir():
        raise UsageError(f"--folder {folder}: there is no such folder", next_step=f"Make it: mkdir {folder}")
    if not full.is_relative_to(app.root):
        raise UsageError(
            f"--folder {folder} is not in the workspace {app.root}, where the scheduler would look for it",
            next_step=f"Move it to {app.root / 'issues'}.",
        )
    return add_recurring(app, str(full.relative_to(app.root)), audience, recurrence, rollout)


def add_recurring(
    app: App, source: str, audience: Audience, recurrence: Recurrence, rollout: Rollout | None = None
) -> Schedule:
    """Have something recur that takes its issues from `source`; UsageError for one that does already."""
    for each in app.schedules.all(*TO_COME):
        if each.recurrence and (each.issue, each.audience.canonical()) == (source, audience.canonical()):
            raise UsageError(
                f"schedule {each.id} sends {source} to {audience} already, at {each.recurrence.cron}",
                next_step=f"To have another time instead: mailer schedule remove {each.id}",
            )
    now, zone = app.now(), app.settings.zone
    first = next(read_cron(recurrence.cron, zone).after(now))
    return app.schedules.add(source, audience, first, zone.key, now, recurrence, rollout=rollout)


def read_cron(text: str, zone: ZoneInfo) -> Cron:
    """Return the cron expression that was typed; UsageError if it is none."""
    from mailer.timetable.cron import Cron, CronError  # APScheduler

    try:
        return Cron(text, zone)
    except CronError as error:
        raise UsageError(f"--cron {error}") from None


def times_of(schedule: Schedule, count: int = 10) -> list[datetime]:
    """Return the next times of a schedule, in UTC: one, unless it recurs."""
    return list(islice(all_times(schedule), count))


def all_times(schedule: Schedule) -> Iterator[datetime]:
    """Yield the times of a schedule, in UTC, in their order."""
    yield schedule.due_at
    if schedule.state is ScheduleState.RECURRING:
        yield from _cron(schedule).after(schedule.due_at)


def _cron(schedule: Schedule) -> Cron:
    assert schedule.recurrence
    return read_cron(schedule.recurrence.cron, ZoneInfo(schedule.zone))


def come_again(app: App, say: Callable[[str], None]) -> None:
    """Write the occurrences whose time has come: of each schedule the latest time that has passed.

    Times before it, at which nothing looked at the clock, are not made up for: that is said.
    """
    now = app.now()
    for schedule in app.schedules.recurring(now):
        passed, following = _passed(schedule, now)
        note = ""
        if earlier := passed[:-1]:
            first = in_both_zones(earlier[0], ZoneInfo(schedule.zone))
            note = f"nothing looked at the clock at {first}"
            note += f" and {len(earlier) - 1:,} more times" if len(earlier) > 1 else ""
        if app.schedules.recur(schedule, passed[-1], following, note, now) and note:
            say(f"Schedule {schedule.id} left out {len(earlier):,}: {note}.")


def _passed(schedule: Schedule, now: datetime) -> tuple[list[datetime], datetime]:
    """Return the times of a schedule up to `now`, and the one after."""
    passed = [schedule.due_at]
    for time in _cron(schedule).after(schedule.due_at):
        if time > now:
            return passed, time
        passed.append(time)
    raise AssertionError("a cron expression that comes once comes again")


def choose(app: App, schedule: Schedule, who: str, say: Callable[[str], None]) -> str | None:
    """Choose the issue that this occurrence sends, and keep it; return its path, relative to the workspace.

    Kept before anything begins: whoever takes this over begins the same one, not the next. None where it is
    another's by now. NoneReadyYet.
    """
    if schedule.recurrence and schedule.recurrence.digest:
        from mailer.services.digests import choose_digest  # feedparser

        return choose_digest(app, schedule, who, say)
    issue = chosen(app, schedule)
    return issue if app.schedules.choose(schedule.id, issue, who, app.now()) else None


def chosen(app: App, schedule: Schedule) -> str:
    """Return the issue, relative to the workspace, that this occurrence sends; NoneReadyYet."""
    parent = app.schedules.get(schedule.parent_id or schedule.id)
    folder = app.root / parent.issue
    file = next(ready(app, folder, schedule.audience), None)
    if file is None:
        raise NoneReadyYet(
            f"no issue in {parent.issue} is ready for {schedule.audience}: each is a draft, was sent, or "
            "has a time of its own",
            next_step='Make one with: mailer new "Title"',
        )
    return str(file.relative_to(app.root))


def ready(app: App, folder: Path, audience: Audience) -> Iterator[Path]:
    """Yield the issues of a folder that go to these lists next: no draft, none that went to one of them, nor
    one that a list welcomes with, and none that was made of feeds for another schedule.

    By date, else by name. An issue that can't be read is not left out: what is wrong with it has to be said,
    and not the one after it sent.
    """
    from mailer.compose.issue.source import front_of, issue_files
    from mailer.services.schedules import waiting_for

    others = {(app.root / each).resolve() for each in (*app.lists.welcomes(), *_digests(app))}
    files = [file for file in issue_files(folder) if file.resolve() not in others]
    fronts = {file: front_of(file) for file in files}

    def order(file: Path) -> tuple[str, str]:
        date = fronts[file].get("date")
        return date.date().isoformat() if date else file.stem, file.name

    for file in sorted(fronts, key=order):
        slug = fronts[file]["slug"]
        went_to = [each.audience for each in app.ledger.sends(slug)]
        goes_to = [each.audience for each in waiting_for(app, slug)]
        taken = any(set(each.lists) & set(audience.lists) for each in (*went_to, *goes_to))
        if not (fronts[file].get("draft") or taken):
            yield file


def _digests(app: App) -> Iterator[str]:
    for each in app.schedules.all():
        if each.parent_id and each.issue and each.recurrence and each.recurrence.digest:
            yield each.issue


def missed(app: App, schedule: Schedule) -> PlanRefused | None:
    """Return what to say of a schedule whose time passed too long ago to begin it; None for another."""
    if app.now() - schedule.due_at <= app.settings.grace:
        return None
    return PlanRefused(
        f"schedule {schedule.id} was missed: it was due at {local(schedule.due_at)}, and nothing began it "
        f"within SCHEDULE_GRACE ({app.settings.schedule_grace})",
        next_step=f'Let it go out now with: mailer schedule move {schedule.id} --at "in 1 min"\n'
        f"  or take it back with: mailer schedule remove {schedule.id}",
    )
