"""Times at which issues go out: set, moved, removed; and how each stands.

While it waits its row says that, and from then on its send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, takewhile
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from mailer.bootstrap import App
from mailer.domain.delivery import Halt, State
from mailer.domain.moment import in_both_zones, parse_moment
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send
from mailer.durations import about, parse_duration
from mailer.engine.standing import halt_words, local, refuse_halted, send_command, who_got_it
from mailer.errors import IssueError, PlanRefused, UsageError
from mailer.ledger.feeds import FeedStanding
from mailer.ledger.queries import Totals
from mailer.ledger.schedules import Schedule, ScheduleState
from mailer.services.local_time import local_time
from mailer.services.report import report_on

if TYPE_CHECKING:
    from mailer.services.prepare import PreparedSend, SendRequest

YEAR, MOST_SHOWN = timedelta(days=366), 1_000  # of what a calendar shows
LATE = timedelta(minutes=2)  # cron looks once a minute
NEXT_LOOK = "`mailer run` or `mailer tick` begins it at the next look"
NOT_BEGUN = "its time has passed; keep `mailer run` going, or see what `mailer tick` says"
LET_GO = "it was too late when it was looked at; move or remove it"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule, and the slug that its issue has now."""

    schedule: Schedule
    slug: str


def add(
    app: App,
    request: SendRequest,
    typed: str,
    tell: Callable[[str], None],
    *,
    by_local_time: bool = False,
    rollout: Rollout | None = None,
) -> Scheduled:
    """Have an issue sent at the time that was `typed`; `tell` is told what its editor should know.

    `by_local_time`: when it is that where each reader is. It begins when it is that anywhere. With a
    `rollout` it goes in stages.

    The file is read when it is due, and looked over now for what would be refused then: PlanRefused for an
    issue with errors or one that was sent before, UsageError for a time that is past, for a file where it
    would not be looked for, and for a second schedule of the same.
    """
    from mailer.services.begin import refuse_unfit
    from mailer.services.prepare import prepare

    due, wall = _due(app, typed, local=by_local_time)
    prepared = prepare(app, request, lambda notice: tell(str(notice)))
    refuse_unfit(prepared, draft=True)
    issue, audience = prepared.job.issue, prepared.job.audience
    if issue.draft:
        tell(f"{issue.path} is marked as a draft; as such it will not go out.")
    path = _inside(app, request.file)
    _refuse_sent(prepared)
    for each in waiting_for(app, issue.slug):
        if each.audience.canonical() == audience.canonical():
            raise UsageError(
                f"schedule {each.id} sends {issue.slug} to {audience} already: {each.when}",
                next_step=f"To move it: mailer schedule move {each.id} --at {quote(typed)}"
                if (each.local_at is not None) is by_local_time
                else f"To have this one in its place: mailer schedule remove {each.id}",
            )
    added = app.schedules.add(
        path, audience, due, app.settings.zone.key, app.now(), local_at=wall, rollout=rollout
    )
    return Scheduled(added, issue.slug)


def _moment(app: App, typed: str) -> datetime:
    zone = app.settings.zone
    try:
        if typed.strip().lower().startswith("in "):
            return app.now() + parse_duration(typed.strip()[3:])
        due = parse_moment(typed, zone)
    except ValueError as error:
        raise UsageError(f"--at {error}") from None
    if due <= app.now():
        raise UsageError(
            f"--at {typed!r} is in the past: {in_both_zones(due, zone)}",
            next_step="Choose a later time, or send it now with `mailer send-issue`.",
        )
    return due


def _inside(app: App, path: Path) -> str:
    full = path.resolve()
    if not full.is_relative_to(app.root):
        raise UsageError(
            f"{path} is not in the workspace {app.root}, where the scheduler would look for it",
            next_step=f"Move it to {app.root / 'issues'}.",
        )
    return str(full.relative_to(app.root))


def _refuse_sent(prepared: PreparedSend) -> None:
    """Raise PlanRefused for an issue that was sent to these lists: a schedule would begin nothing."""
    job = prepared.job
    if (send := prepared.app.ledger.find(job.issue.slug, job.audience)) is None:
        return
    report = report_on(prepared.app, send)
    totals = report.totals
    refuse_halted(send, totals)
    once_more = f"To send it to all {totals.audience:,} once more: {send_command(send, '--again')}"
    already = "has been under way since" if totals.open else "was sent on"
    raise PlanRefused(
        f"{send.slug} to {send.audience} {already} {local(send.created_at)} ({report.got_it}): "
        "a schedule would begin nothing",
        next_step=report.next_steps[0] if totals.open else once_more,
    )


def _due(app: App, typed: str, *, local: bool) -> tuple[datetime, datetime | None]:
    """Return when the time that was `typed` is: of a `local` one the first, and what clocks show then."""
    if not local:
        return _moment(app, typed), None
    found = local_time(app, typed)
    return max(found.first, app.now()), found.wall


def move(app: App, number: int, typed: str) -> Schedule:
    """Let a schedule that has not begun be due at the time that was `typed`, by the same clocks as before."""
    due, wall = _due(app, typed, local=standing_of(app, number).standing.schedule.local_at is not None)
    if not app.schedules.move(number, due, app.settings.zone.key, app.now(), wall):
        raise _waits_no_longer(app, number)
    return next(each for each in app.schedules.all() if each.id == number)


def remove(app: App, number: int) -> None:
    """Take back a schedule that has not begun; UsageError for any other."""
    if not app.schedules.remove(number, app.now()):
        raise _waits_no_longer(app, number)


def _waits_no_longer(app: App, number: int) -> UsageError:
    stands = standing_of(app, number).standing
    words = f" ({stands.words})" if stands.words else ""
    steps = "See them with: mailer schedule list"
    if stands.state == "begun" and stands.schedule.send_id:
        steps = f"To end it: mailer cancel {quote(app.ledger.send(stands.schedule.send_id).slug)}"
    elif stands.schedule.state is ScheduleState.RECURRING:
        steps = f"To have another time instead: mailer schedule remove {number}"
    return UsageError(f"schedule {number} is {stands.state}{words}", next_step=steps)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A time at which something goes out, and what that is."""

    at: datetime
    schedule: Schedule
    words: str


def coming(app: App, count: int = 10, until: datetime | None = None) -> list[Upcoming]:
    """Return the next times at which something goes out, the soonest first."""
    now, waiting = app.now(), app.schedules.all(ScheduleState.WAITING, ScheduleState.RECURRING)
    merged = merge(*map(_upcoming, waiting), key=lambda each: each.at)
    to_come = islice((each for each in merged if each.at > now), count)
    return list(takewhile(lambda each: until is None or each.at <= until, to_come))


def _upcoming(schedule: Schedule) -> Iterator[Upcoming]:
    from mailer.services.recurring import all_times

    words = described(schedule)
    return (Upcoming(at, schedule, words) for at in all_times(schedule))


def icalendar(app: App) -> str:
    """Return the times of the next year as a calendar that other programs read."""
    from mailer.timetable.calendar import CalendarEntry, icalendar

    now, name = app.now(), app.sender.name or app.sender.address.wire
    entries = [
        CalendarEntry(
            f"schedule-{each.schedule.id}-{each.at:%Y%m%dT%H%M%SZ}@{app.sender.address.domain}",
            each.at,
            each.words,
        )
        for each in coming(app, MOST_SHOWN, now + YEAR)
    ]
    return icalendar(name, entries, now)


def when_due(schedule: Schedule, now: datetime) -> str:
    """Return when a schedule is due and how far off that is, for a person."""
    begins = "begins " if schedule.local_at else ""  # on the first island, and goes on for a day
    return f"{schedule.when}, {begins}{about(schedule.due_at - now)}"


def described(schedule: Schedule) -> str:
    """Return what a schedule sends to whom, for a person."""
    issue = schedule.issue or "an issue"
    if schedule.recurrence and schedule.parent_id is None:
        digest = schedule.recurrence.digest
        issue = digest.words if digest else f"the next of {issue}"
    stages = f", {schedule.rollout}" if schedule.rollout else ""
    return f"{issue} to {schedule.audience}{stages}"


@dataclass(frozen=True, slots=True)
class ScheduleStanding:
    """A word for where a schedule is, and what else there is to say of it."""

    schedule: Schedule
    state: str
    words: str


def schedule_standings(app: App) -> list[ScheduleStanding]:
    """Return how every schedule stands now, by the time it is due."""
    standings = _Standings(app)
    return [standings.of(each) for each in app.schedules.all()]


class _Standings:
    """Tells how schedules stand at one moment."""

    def __init__(self, app: App) -> None:
        self._app, self._now = app, app.now()
        self._sends = {send.id: send for send in app.ledger.sends()}

    def of(self, schedule: Schedule) -> ScheduleStanding:
        """Return how this one stands."""
        if schedule.state is ScheduleState.WAITING:
            return self._waiting(schedule)
        if schedule.state is ScheduleState.RECURRING and schedule.recurrence:
            words = "; ".join(filter(None, (f"at {schedule.recurrence.cron}", schedule.note)))
            return ScheduleStanding(schedule, "recurring", words)
        if schedule.state is ScheduleState.BEGINNING:
            lost = "" if schedule.in_hand(self._now) else f", which was lost; {NEXT_LOOK}"
            return ScheduleStanding(schedule, "beginning", f"by {schedule.note}{lost}")
        if schedule.state is ScheduleState.MISSED:
            return ScheduleStanding(schedule, "missed", LET_GO)
        if schedule.state is ScheduleState.BEGUN and (send := self._sends.get(schedule.send_id or 0)):
            state, words = _sent(send, self._app.queries.totals(send))
            return ScheduleStanding(schedule, state, "; ".join(filter(None, (schedule.note, words))))
        return ScheduleStanding(schedule, schedule.state, schedule.note)

    def _waiting(self, schedule: Schedule) -> ScheduleStanding:
        if send := self._begun_before(schedule):
            words = f"will begin nothing: {send.slug} was begun on {local(send.created_at)} without it"
            return ScheduleStanding(schedule, "waiting", words)
        if schedule.note:
            return ScheduleStanding(schedule, "held", schedule.note)
        if schedule.due_at + LATE < self._now:
            return ScheduleStanding(schedule, "late", NOT_BEGUN)
        return ScheduleStanding(schedule, "waiting", "")

    def _begun_before(self, schedule: Schedule) -> Send | None:
        slug = _slug(self._app, schedule)
        return self._app.ledger.find(slug, schedule.audience) if slug else None


@dataclass(frozen=True, slots=True)
class ScheduleSheet:
    """One schedule: how it stands, its next times, what of it came of late, and how its feeds are."""

    standing: ScheduleStanding
    words: str
    times: list[datetime]
    occurrences: list[ScheduleStanding]
    feeds: list[FeedStanding]


def standing_of(app: App, number: int) -> ScheduleSheet:
    """Return how one schedule stands; UsageError if there is none of this number."""
    from mailer.services.recurring import times_of

    standings = {each.schedule.id: each for each in schedule_standings(app)}
    if number not in standings:
        raise UsageError(f"no schedule {number}", next_step="See them with: mailer schedule list")
    found = standings[number]
    occurrences = [each for each in standings.values() if each.schedule.parent_id == number]
    feeds = list(app.feeds.standings(number).values())
    return ScheduleSheet(found, described(found.schedule), times_of(found.schedule), occurrences[-10:], feeds)


def waiting_for(app: App, slug: str) -> list[Schedule]:
    """Return the schedules that wait to send the issue of this slug, or are about to, to whatever lists."""
    found = app.schedules.all(ScheduleState.WAITING, ScheduleState.BEGINNING)
    return [each for each in found if _slug(app, each) == slug]


def _slug(app: App, schedule: Schedule) -> str | None:
    from mailer.compose.issue.source import load_issue  # slow, and not needed by most

    try:
        return load_issue(app.root / schedule.issue)[0].slug
    except IssueError:
        return None  # to be said when it is due


def _sent(send: Send, totals: Totals) -> tuple[str, str]:
    got = who_got_it(totals)
    if send.halted is Halt.CANCELLED or (send.halted and totals.open):
        return send.halted, f"{halt_words(send)}: {got}"
    if totals.open > totals.states.get(State.UNCERTAIN, 0):
        return "begun", got
    return "done", got
