"""A person's word to a whole send: let it wait, let it go on, let it never go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from mailer.bootstrap import App
from mailer.domain.send import Send
from mailer.engine.standing import halt_words
from mailer.errors import UsageError
from mailer.ledger.schedules import Schedule
from mailer.services.issues import sends_of
from mailer.services.report import Report, report_on
from mailer.services.schedules import waiting_for


def pause(app: App, named: str) -> list[Report]:
    """Stop what is open of an issue, whoever sends it; return what was stopped. UsageError if nothing was."""
    return _halted(
        app,
        named,
        lambda send: report_on(app, send).totals.open and app.ledger.pause(send, app.user, app.now()),
        f"nothing of {named} is left to pause",
    )


def resume(app: App, named: str) -> list[Report]:
    """Let go on what was paused or limited of an issue; return it. UsageError if nothing was."""
    return _halted(app, named, app.ledger.resume, f"{named} is neither paused nor held")


def cancellable(app: App, named: str) -> list[Report]:
    """Return what is open of an issue, to be asked about. UsageError if nothing is."""
    return _halted(
        app, named, lambda send: report_on(app, send).totals.open, f"nothing of {named} is left to cancel"
    )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Sends that will never go on, and the schedules that wait to send the same issue all the same."""

    reports: list[Report]
    scheduled: list[Schedule]


def cancel(app: App, reports: list[Report]) -> Cancelled:
    """Let these sends never go on; who has not got the issue never will."""
    for report in reports:
        app.ledger.cancel(report.send, app.user, app.now())
    slugs = {report.send.slug for report in reports}
    scheduled = [schedule for slug in slugs for schedule in waiting_for(app, slug)]
    return Cancelled([report_on(app, report.send) for report in reports], scheduled)


def _halted(app: App, named: str, done: Callable[[Send], object], in_vain: str) -> list[Report]:
    """Return how the sends stand for which it is `done`; UsageError where it is for none."""
    sends = sends_of(app, named)
    if found := [report_on(app, send) for send in sends if done(send)]:
        return found
    latest = sends_of(app, named)[-1]
    halted = f": it was {halt_words(latest)}" if latest.halted else ""
    raise UsageError(f"{in_vain}{halted}", next_step=f"See: mailer status {quote(named)}")
