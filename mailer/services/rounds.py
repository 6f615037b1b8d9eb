"""A round: what fell due is begun, what is unfinished goes on; cron makes one, the scheduler one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy import select

from mailer.domain.delivery import RetryPolicy
from mailer.domain.recurrence import NoneReady
from mailer.domain.rollout import counted
from mailer.domain.send import Send, SendKind
from mailer.engine.standing import halt_words, local
from mailer.engine.stopping import Interrupted, Stopping, pause
from mailer.errors import (
    AccountFault,
    AtWork,
    EveryoneRefused,
    ExitCode,
    IssueError,
    MailerError,
    NoneReadyYet,
    PlanRefused,
    ServerUnavailable,
    SettingsError,
    UsageError,
    worst,
)
from mailer.ledger.notices import UNREAD
from mailer.ledger.reclaim import recover
from mailer.ledger.schedules import LEASE, Schedule, Schedules, ScheduleState
from mailer.people.signups import UNTAKEN
from mailer.services.notice_findings import tell_all
from mailer.services.recurring import choose, come_again, missed
from mailer.services.refusals import take_refusals
from mailer.services.report import Report, report_on
from mailer.services.return_alerts import refuse_alerted, tell
from mailer.services.sequence_due import any_to_follow
from mailer.store.presence import Present

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.sequence_letters import KeptLetters


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


@dataclass(frozen=True, slots=True)
class Rounds:
    """Rounds of one process, until a signal asks it to stop."""

    app: App
    stopping: Stopping
    _presence: ExitStack
    _tell: Callable[[], None] | None = None
    _letters: KeptLetters = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether it was asked to stop."""
        return self.stopping.asked

    def make(self, say: Callable[[str], None], is_news: Callable[[Send], bool]) -> Round:
        """Begin every due schedule, run every send that has something to send; one's failure stops no other.

        A send that a person paused or limited is left alone, and that is said where it `is_news`. To be
        called where there is neither an event loop nor a thread: each send has a loop of its own, and forks
        the processes it is worth before that. Raises Interrupted.
        """
        # Most rounds find nothing, minute by minute: what makes and sends mail is loaded once there is some.
        app, result = self.app, Round()
        recover(app.database, app.journals, RetryPolicy(), app.now())
        take_refusals(app)
        told, comes = _came(app)
        if told:
            _read_webhooks(app)
        _take_in(app, result, comes=comes)
        if app.schedules.any_passed(app.now()):
            come_again(app, say)
            if (due := app.schedules.due(app.now())) and not _held_by_alerts(app, due, say):
                _begin_due(app, due, self.stopping, say, result)
        self._follow(result)
        stirring = app.ledger.stirring(app.now(), resend_uncertain=app.settings.uncertain == "resend")
        for send in (each for each in stirring if each.halted and is_news(each)):
            left = app.queries.totals(send).open
            say(f"{send.label} to {send.audience} is {halt_words(send)}: {left:,} wait.")
            say(f"  next: mailer resume {send.slug}")
        for send in (each for each in stirring if not each.halted):
            if not (self.over or result.turned_away or send.kind is SendKind.NOTICE):
                check_settings(app)
                _go_on(app, send, self.stopping, result)
        if result.reports or result.errors:
            tell(app, say)
        tell_all(app, self._tell)
        return result

    def _follow(self, result: Round) -> None:
        """Write the letters of sequences that are due, unless what came back keeps mail waiting.

        They go out with what is unfinished.
        """
        if not (due := any_to_follow(self.app)):
            return
        check_settings(self.app)
        try:
            refuse_alerted(self.app)
        except PlanRefused:
            return  # it is told, and nothing is lost by it
        from mailer.services.sequence_steps import follow

        result.errors += follow(self.app, due, lambda: self.over, self._letters)

    def rest(self, seconds: float) -> None:
        """Wait so long, unless a signal comes before."""
        self.stopping.run(lambda stop: pause(stop, seconds))

    def return_to_work(self) -> None:
        """Say anew that we are at work: what said so went with the database that was away."""
        self._presence.close()
        self._presence.enter_context(self.app.at_work())


def _held_by_alerts(app: App, due: Sequence[Schedule], say: Callable[[str], None]) -> bool:
    """Return whether what came back keeps new sends waiting; it is noted with them, and told once."""
    tell(app, say)
    try:
        refuse_alerted(app)
    except PlanRefused as held:
        for schedule in due:
            app.schedules.hold(schedule.id, held.problem, app.now())
        return True
    return False


def _came(app: App) -> tuple[bool, bool]:
    """Return whether providers told something that nobody has read, and whether somebody signed up."""
    with app.database.connect() as connection:
        told, comes = connection.execute(select(UNREAD, UNTAKEN)).one()
    return bool(told), bool(comes)


def _read_webhooks(app: App) -> None:
    """Read what providers told that whoever serves has not read."""
    from mailer.services.webhooks import read_webhooks

    read_webhooks(app)


@contextmanager
def rounds(
    app: App, alive: Callable[[], None] = lambda: None, tell_beside: Callable[[], None] | None = None
) -> Iterator[Rounds]:
    """Heed signals for a block that makes rounds; nobody exchanges the database meanwhile.

    `alive` is called every second of sending and waiting. `tell_beside` has another process tell notices;
    else each round does, and waits for whoever is told.
    """
    with ExitStack() as presence, Stopping(alive) as stopping:
        presence.enter_context(app.at_work())
        yield Rounds(app, stopping, presence, tell_beside)


def tick(app: App, say: Callable[[str], None]) -> Round:
    """Make one round; that a send is left alone only one of all ticks says: cron mails every word."""
    with rounds(app) as made:
        return made.make(say, lambda send: app.ledger.tell(send, app.now()))


def check_settings(app: App) -> None:
    """Raise what is wrong with the settings, noted with the schedules that it holds."""
    try:
        app.sending()
    except SettingsError as error:
        schedules = app.schedules
        for schedule in schedules.due(app.now()):
            schedules.hold(schedule.id, error.problem, app.now())
        raise


def _take_in(app: App, result: Round, *, comes: bool) -> None:
    """Take in who signed up, remind and forget who has not confirmed it, if that is set.

    The letters that are written go out with what is unfinished.
    """
    patient = app.settings.signup_remind_days or app.settings.signup_forget_days
    if not (comes or patient):
        return
    from mailer.services.reminders import by_the_clock
    from mailer.services.signup import Reception

    try:
        Reception(app).settle()
        by_the_clock(app)
    except MailerError as error:
        result.errors.append(error)


def _begin_due(
    app: App, due: Sequence[Schedule], stopping: Stopping, say: Callable[[str], None], result: Round
) -> None:
    schedules, who = app.schedules, str(Present.here(app.command))
    check_settings(app)
    for schedule in due:
        if stopping.asked or not schedules.take(schedule.id, who, app.now()):
            continue  # removed or taken by another process, while the one before was being begun
        if late := missed(app, schedule):
            result.errors.append(late)
            schedules.settle(schedule.id, ScheduleState.MISSED, "", app.now(), who=who)
            continue
        try:
            with _kept(app, schedules, schedule, who):
                _begin(app, schedules, schedule, who, say)
        except NoneReadyYet as error:
            _skip(app, schedule, who, error, say, result)
        except MailerError as error:
            result.errors.append(error)
            state = ScheduleState.FAILED if isinstance(error, ITS_OWN_FAULT) else ScheduleState.WAITING
            schedules.settle(schedule.id, state, error.problem, app.now(), who=who)


def _skip(
    app: App, schedule: Schedule, who: str, none: NoneReadyYet, say: Callable[[str], None], result: Round
) -> None:
    """Send nothing this time, and say so; as a failure where it was asked for so."""
    if schedule.recurrence and schedule.recurrence.none_ready is NoneReady.FAIL:
        result.errors.append(none)
        state = ScheduleState.FAILED
    else:
        say(f"Schedule {schedule.parent_id} sends nothing this time: {none.problem}.")
        state = ScheduleState.SKIPPED
    app.schedules.settle(schedule.id, state, none.problem, app.now(), who=who)


@contextmanager
def _kept(app: App, schedules: Schedules, schedule: Schedule, who: str) -> Iterator[None]:
    """Keep a schedule that this process took, for as long as the block lasts."""
    over = Event()

    def keep() -> None:
        while not over.wait(LEASE.total_seconds() / 4):
            with suppress(MailerError):  # while the database is busy nobody else can take it
                schedules.keep(schedule.id, who, app.now())

    thread = Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _go_on(app: App, send: Send, stopping: Stopping, result: Round) -> None:
    from mailer.services.continuing import go_on_unasked

    try:
        report = go_on_unasked(app, send, stopping)
    except Interrupted:
        raise
    except AtWork:
        return  # by whoever it is: it is being sent
    except MailerError as error:
        result.errors.append(error)
        return
    if report and report.fault:
        result.errors.append(report.fault)
    elif report:
        result.reports.append(report)


def _begin(app: App, schedules: Schedules, schedule: Schedule, who: str, say: Callable[[str], None]) -> None:
    from mailer.services.begin import Begun, begin_in_turn, existing, refuse_unfit, turn_to_begin
    from mailer.services.local_time import by_clocks
    from mailer.services.prepare import prepare, request_for

    issue, audience = schedule.issue, schedule.audience
    if not issue:
        chosen = choose(app, schedule, who, say)
        if chosen is None:
            return
        issue = chosen
    prepared = prepare(app, request_for(app.root / issue, issue, audience))
    if existing(prepared) is None:
        refuse_unfit(prepared)  # it takes a while, and nobody has to wait for their turn meanwhile
    with turn_to_begin(prepared):
        if not schedules.keep(schedule.id, who, app.now()):
            return  # nothing was heard of this process for too long
        before = existing(prepared)
        theirs = by_clocks(app, schedule.local_at) if schedule.local_at else None
        staged = schedule.rollout
        begun = Begun(before, None) if before else begin_in_turn(prepared, local=theirs, rollout=staged)
        send, plan = begun.send, begun.plan
        note = "" if plan else f"begun on {local(send.created_at)} without it"
        schedules.settle(schedule.id, ScheduleState.BEGUN, note, app.now(), who=who, send_id=send.id)
    if plan:
        say(f"Began {send.slug} to {send.audience} (schedule {schedule.id}): {counted(plan.recipients)}.")
    else:
        say(f"Schedule {schedule.id} began nothing: {_before(report_on(app, send))}.")


def _before(report: Report) -> str:
    send = report.send
    halted = f" and is {halt_words(send)}" if send.halted else ""
    return f"{report.name} was begun on {local(send.created_at)}{halted}; {report.got_it}"
