"""A sequence: mails that follow each other, to each by when they began. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from mailer.domain.local_time import utc_of
from mailer.domain.segment.values import Today

DAY = timedelta(days=1)
AGAIN = timedelta(minutes=30)  # until it is looked again whether a letter has gone
LETTER = "sequence"
LATE = DAY  # after which a step of a sequence that goes by dates is of no use any more


def letter_slug(name: str, key: str) -> str:
    """Return by which slug the ledger and the journals know the letters of a step of a sequence."""
    return f"{LETTER}:{name}:{key}"


def sequence_of(slug: str) -> str:
    """Return of which sequence a letter is, by its slug; "" for all other mail."""
    kind, _, rest = slug.partition(":")
    return rest.partition(":")[0] if kind == LETTER else ""


class MemberState(StrEnum):
    """How somebody stands in a sequence. Who is not `active` gets nothing more of it.

    In the order of what counts if two records are found to be one person's: the later one.
    """

    BEFORE = "before"  # had the tag already when the sequence was put in force: never began
    ACTIVE = "active"
    FINISHED = "finished"
    GOAL = "goal"
    STOPPED = "stopped"  # by a command
    LEFT = "left"  # left the list, or is never mailed


class StartKind(StrEnum):
    """What somebody begins a sequence by."""

    COMMAND = "command"
    CONFIRMATION = "confirmation"
    TAG = "tag"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class SequenceStart:
    """What somebody begins by; `name` is of the tag, or of the field that holds a date.

    Of a date: `each_year`, or on that day alone; so many days `before` it.
    """

    kind: StartKind
    name: str = ""
    each_year: bool = False
    before: int = 0

    def text(self) -> str:
        """Return the one way to write it, which a person can read: `tag member`, `30 days before renewal`."""
        if self.kind is not StartKind.DATE:
            return f"{self.kind} {self.name}".rstrip()
        early = f"{self.before} day{'s' if self.before > 1 else ''} before " if self.before else "on "
        return f"{early}{self.name}{', each year' if self.each_year else ''}"

    def days(self, day: date) -> dict[date, tuple[str, ...]]:
        """Return the dates that make somebody begin on `day`, each with how their field may have it written.

        Of one that comes each year that is month and day, `02-29` on the 28th where there is no 29th.
        """
        meant = day + timedelta(days=self.before)
        written = Today(meant, ZoneInfo("UTC")).anniversaries() if self.each_year else (meant.isoformat(),)
        return {meant: written}

    def may_be_of(self, occasion: str, at: datetime) -> bool:
        """Return whether a letter that went `at` a moment may be one for this occasion, wherever that was."""
        return not occasion or at.date() >= date.fromisoformat(occasion) - timedelta(days=self.before) - DAY

    def still_on(self, occasion: str, value: str | None) -> bool:
        """Return whether a field that holds `value` is still about the date that somebody began for."""
        written = (value or "")[5:] if self.each_year else value or ""
        meant = date.fromisoformat(occasion)
        return written in self.days(meant - timedelta(days=self.before))[meant]


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """A mail of a sequence, known by its `key`: how long `after` the one before (or the beginning) it goes.

    With `at` it waits until it is that time where the reader is; `only` is the segment that gets it.
    """

    key: str
    after: timedelta
    at: time | None = None
    only: str = ""

    def due(self, since: datetime, zone: ZoneInfo) -> datetime:
        """Return when it goes, in UTC, to a reader in this zone of whom the step before is settled `since`.

        Whole days are days of the reader's calendar, hours are hours. Where clocks leave a time out it comes
        later by as much as they do; where they show it twice, it is the first time.
        """
        local = since.astimezone(zone)
        day, rest = local.date() + self.after.days * DAY, self.after - self.after.days * DAY
        moment = since + rest
        if self.after.days:
            moment = utc_of(datetime.combine(day, local.time()), zone) + rest
        if self.at is None:
            return max(moment, since)
        whole = self.after.days and not rest
        first, earliest = (day, since) if whole else (moment.astimezone(zone).date(), moment)
        times = (utc_of(datetime.combine(first + later * DAY, self.at), zone) for later in range(3))
        return next(each for each in times if each >= earliest)

    def data(self) -> list[str]:
        """Return what of it says who gets it when, as JSON takes it."""
        seconds = f"{self.after.total_seconds():.0f}"
        return [self.key, seconds, self.at.isoformat() if self.at else "", self.only]


class Planned(NamedTuple):
    """When a step goes to somebody who gets them all."""

    step: SequenceStep
    at: datetime


@dataclass(frozen=True, slots=True)
class SequencePlan:
    """The steps of a sequence in their order."""

    steps: tuple[SequenceStep, ...]

    def after(self, settled: Collection[str]) -> SequenceStep | None:
        """Return the step that comes next for who is done with those with these keys; None: the end.

        Whoever stands at a step gets none that was put in before it.
        """
        done = [place for place, step in enumerate(self.steps) if step.key in settled]
        rest = self.steps[done[-1] + 1 :] if done else self.steps
        return rest[0] if rest else None

    def timeline(self, began: datetime, zone: ZoneInfo) -> Iterator[Planned]:
        """Yield when each step goes to somebody who begins at a moment, and gets them all."""
        since = began
        for step in self.steps:
            since = step.due(since, zone)
            yield Planned(step, since)

    def data(self) -> list[list[str]]:
        """Return who gets what when, as JSON takes it."""
        return [step.data() for step in self.steps]


@dataclass(frozen=True, slots=True)
class MemberPosition:
    """Somebody in a sequence as they are found when something is due.

    `since` is when the last of the `settled` steps was, or when they began; `gone` says why they must not
    get any more; `pausing` is until when they get nothing; `waits`: a letter of theirs has not gone yet;
    `by_date`: they began for a day, on which alone it is of use.
    """

    since: datetime
    zone: ZoneInfo
    settled: frozenset[str]
    gone: str = ""
    pausing: datetime | None = None
    waits: bool = False
    by_date: bool = False


class Settle(NamedTuple):
    """A step that is settled now: it goes, or they are passed by for a reason."""

    step: SequenceStep
    passed_by: str = ""


@dataclass(frozen=True, slots=True)
class Onward:
    """What becomes of somebody: what is settled, how they stand then, and when the next thing is due."""

    state: MemberState
    reason: str
    settled: tuple[Settle, ...]
    since: datetime
    next_at: datetime | None


def onward(
    plan: SequencePlan, who: MemberPosition, inside: Callable[[str], bool], goal: str, now: datetime
) -> Onward:
    """Decide what becomes of somebody of whom something is due; `inside` says whether they are in a segment.

    One mail goes at a time: while it waits, the next one waits to be so long after it.
    """
    if who.gone:
        return Onward(MemberState.LEFT, who.gone, (), who.since, None)
    if goal and inside(goal):
        return Onward(MemberState.GOAL, f"in segment {goal}", (), who.since, None)
    if who.pausing:
        return Onward(MemberState.ACTIVE, "", (), who.since, who.pausing)
    if who.waits and plan.after(who.settled):
        return Onward(MemberState.ACTIVE, "", (), now, now + AGAIN)
    settled: list[Settle] = []
    keys, since = set(who.settled), who.since
    while step := plan.after(keys):
        due = step.due(since, who.zone)
        if due > now or (settled and not settled[-1].passed_by):
            return Onward(MemberState.ACTIVE, "", tuple(settled), since, max(due, now))
        late = who.by_date and now - due > LATE
        outside = bool(step.only) and not inside(step.only)
        settled.append(Settle(step, "too late" if late else f"not in segment {step.only}" if outside else ""))
        keys.add(step.key)
        since = now
    return Onward(MemberState.FINISHED, "", tuple(settled), since, None)


def new_steps(before: Sequence[Sequence[Any]], plan: SequencePlan) -> list[str]:
    """Return the keys of the steps that the plan of `before` (`data`) had not."""
    had = {str(each[0]) for each in before}
    return [step.key for step in plan.steps if step.key not in had]
