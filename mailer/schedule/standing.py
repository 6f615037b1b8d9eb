"""How a schedule stands: what its row says while it waits, and from then on what its send says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.domain.delivery import Halt, State
from mailer.domain.send import Send
from mailer.engine.standing import halt_words, local, who_got_it
from mailer.errors import IssueError
from mailer.ledger.queries import Totals
from mailer.ledger.schedules import Schedule, Schedules, ScheduleState

if TYPE_CHECKING:
    from mailer.bootstrap import App

LATE = timedelta(minutes=2)  # cron looks once a minute
NOT_BEGUN = "its time has passed; keep `mailer run` going, or see what `mailer tick` says"


@dataclass(frozen=True, slots=True)
class ScheduleStanding:
    """A word for where a schedule is, and what else there is to say of it."""

    schedule: Schedule
    state: str
    words: str


class ScheduleStandings:
    """Tells how schedules stand at one moment."""

    def __init__(self, app: App) -> None:
        self._app, self._now = app, app.now()
        self._sends = {send.id: send for send in app.ledger.sends()}

    def of(self, schedule: Schedule) -> ScheduleStanding:
        """Return how this one stands."""
        if schedule.state is ScheduleState.WAITING:
            return self._waiting(schedule)
        if schedule.state is ScheduleState.BEGUN and (send := self._sends.get(schedule.send_id or 0)):
            state, words = _sent(send, self._app.accounts.totals(send))
            return ScheduleStanding(schedule, state, "; ".join(filter(None, (schedule.note, words))))
        return ScheduleStanding(schedule, schedule.state, schedule.note)

    def _waiting(self, schedule: Schedule) -> ScheduleStanding:
        if send := self._begun_before(schedule):
            words = f"will begin nothing: {send.slug} was begun on {local(send.created_at)} without it"
            return ScheduleStanding(schedule, "waiting", words)
        if schedule.note:
            return ScheduleStanding(schedule, "held", schedule.note)
        if schedule.due_at + LATE < self._now:
            return ScheduleStanding(schedule, "missed", NOT_BEGUN)
        return ScheduleStanding(schedule, "waiting", "")

    def _begun_before(self, schedule: Schedule) -> Send | None:
        slug = _slug(self._app, schedule)
        return self._app.ledger.find(slug, schedule.audience) if slug else None


def waiting_for(app: App, slug: str) -> list[Schedule]:
    """Return the schedules that wait to send the issue of this slug, to whatever lists."""
    waiting = Schedules(app.database).all(ScheduleState.WAITING)
    return [each for each in waiting if _slug(app, each) == slug]


def _slug(app: App, schedule: Schedule) -> str | None:
    from mailer.compose.issue.source import load_issue  # slow, and not needed by most

    try:
        return load_issue(app.root / schedule.issue, app.settings.language)[0].slug
    except IssueError:
        return None  # to be said when it is due


def _sent(send: Send, totals: Totals) -> tuple[str, str]:
    got = who_got_it(totals)
    if send.halted is Halt.CANCELLED or (send.halted and totals.open):
        return send.halted, f"{halt_words(send)}: {got}"
    if totals.open > totals.states.get(State.UNCERTAIN, 0):
        return "begun", got
    return "done", got
