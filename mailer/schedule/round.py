"""One pass: begin what fell due, go on with what is unfinished; cron and the scheduler call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailer.domain.delivery import RetryPolicy
from mailer.domain.send import Send
from mailer.engine.report import Report
from mailer.engine.standing import halt_words, local, who_got_it
from mailer.engine.stopping import Interrupted, Stopping
from mailer.errors import (
    AccountFault,
    AtWork,
    EveryoneRefused,
    ExitCode,
    IssueError,
    MailerError,
    PlanRefused,
    ServerUnavailable,
    SettingsError,
    UsageError,
    worst,
)
from mailer.ledger.reclaim import recover
from mailer.ledger.schedules import Schedule, Schedules, ScheduleState

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.engine.sending import Sending


# What makes a schedule fail for good. A full disk or a setting is not of its making: it stays due.
ITS_OWN_FAULT = (IssueError, PlanRefused, UsageError)


@dataclass(slots=True)
class Round:
    """What one pass did: reports of the sends that ran, and what went wrong."""

    reports: list[Report] = field(default_factory=list)
    errors: list[MailerError] = field(default_factory=list)

    @property
    def turned_away(self) -> bool:
        """Whether the account doesn't work at all for now: another send would fare no better."""
        return any(
            isinstance(error, AccountFault | EveryoneRefused | ServerUnavailable) for error in self.errors
        )

    @property
    def exit_code(self) -> ExitCode:
        """The worst of what was met."""
        codes = {report.exit_code for report in self.reports} | {ExitCode(e.exit_code) for e in self.errors}
        return worst(codes)


def make_round(
    app: App, stopping: Stopping, say: Callable[[str], None], is_news: Callable[[Send], bool]
) -> Round:
    """Begin every due schedule, run every send that has something to send; one's failure stops no other.

    A send that a person paused or limited is left alone, and that is said where it `is_news`. To be called
    where there is neither an event loop nor a thread: each send has a loop of its own, and forks the
    processes it is worth before that. Raises Interrupted.
    """
    # Most rounds find nothing, minute by minute: what makes and sends mail is loaded once there is some.
    result = Round()
    recover(app.database, app.journals, RetryPolicy(), app.now())
    if due := Schedules(app.database).due(app.now()):
        _begin_due(app, due, stopping, say, result)
    for send in filter(is_news, app.ledger.left_alone()):
        left = app.accounts.totals(send).open
        say(f"{send.label} to {send.audience} is {halt_words(send)}: {left:,} wait.")
        say(f"  next: mailer resume {send.slug}")
    for send in app.ledger.unfinished():
        if not (stopping.asked or result.turned_away):
            _go_on(app, ready(app), send, stopping, result)
    return result


def ready(app: App) -> Sending:
    """Return what sends; a setting that is wrong is noted with the schedules that it holds, and raised."""
    try:
        return app.sending()
    except SettingsError as error:
        schedules = Schedules(app.database)
        for schedule in schedules.due(app.now()):
            schedules.hold(schedule.id, error.problem, app.now())
        raise


def _begin_due(
    app: App, due: Sequence[Schedule], stopping: Stopping, say: Callable[[str], None], result: Round
) -> None:
    schedules, sending = Schedules(app.database), ready(app)
    for schedule in due:
        if stopping.asked or not schedules.waits(schedule.id):
            continue  # removed, or begun by another process, while the one before was being begun
        try:
            _begin(app, sending, schedules, schedule, say)
        except MailerError as error:
            result.errors.append(error)
            if isinstance(error, ITS_OWN_FAULT):
                schedules.settle(schedule.id, ScheduleState.FAILED, error.problem, app.now())
            else:
                schedules.hold(schedule.id, error.problem, app.now())


def _go_on(app: App, sending: Sending, send: Send, stopping: Stopping, result: Round) -> None:
    now = app.now()
    try:
        with sending.dispatcher.sending(send):
            if app.ledger.halted(send):
                return  # said while the one before was being sent
            sending.dispatcher.prepare(send, now)
            waiting = sending.report(send).queued
            if waiting and not sending.dispatcher.held(now):
                with sending.crew(send, app.now, waiting) as crew:
                    report = stopping.run(lambda stop: sending.run(send, now, stop, crew=crew))
                result.reports.append(report)
    except Interrupted:
        raise
    except AtWork:
        pass  # by whoever it is: it is being sent
    except MailerError as error:
        result.errors.append(error)


def _begin(
    app: App, sending: Sending, schedules: Schedules, schedule: Schedule, say: Callable[[str], None]
) -> None:
    from mailer.compose.issue.source import load_issue
    from mailer.proof.proofread import proofread, refuse_errors
    from mailer.services.renamed import refuse_renamed

    issue, _ = load_issue(app.root / schedule.issue, app.settings.language)
    lists = [app.lists.named(name) for name in schedule.audience.lists]
    job = sending.prepare(issue, schedule.audience, lists)
    if sending.existing(job) is None:
        refuse_renamed(sending, job, app.root / "issues", schedule.issue)
        refuse_errors(schedule.issue, proofread(sending, job))
    with sending.dispatcher.beginning():
        if not schedules.waits(schedule.id):
            return  # another process was quicker
        send, plan = sending.begin_alone(job, app.now())
        note = "" if plan else f"begun on {local(send.created_at)} without it"
        schedules.settle(schedule.id, ScheduleState.BEGUN, note, app.now(), send.id)
    if plan:
        say(f"Began {send.slug} to {send.audience} (schedule {schedule.id}): {plan.recipients:,} people.")
    else:
        say(f"Schedule {schedule.id} began nothing: {_before(sending, send)}.")


def _before(sending: Sending, send: Send) -> str:
    halted = f" and is {halt_words(send)}" if send.halted else ""
    words = f"{send.slug} to {send.audience} was begun on {local(send.created_at)}{halted}"
    return f"{words}; {who_got_it(sending.report(send).totals)}"
