"""What is to be told by what the database says: looked for again and again, so that nothing is missed.

Whoever is killed between what happened and telling it leaves it to the next one who looks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import partial
from logging import getLogger

from mailer.bootstrap import App
from mailer.domain.admin_notice import AdminNotice, NoticeEvent
from mailer.domain.send import Send
from mailer.domain.signup_bounds import LATELY
from mailer.engine.standing import halt_words, who_got_it
from mailer.errors import MailerError
from mailer.ledger import admin_notices
from mailer.services.notices import note
from mailer.services.report import report_on

log = getLogger(__name__)


def tell_all(app: App, beside: Callable[[], None] | None = None) -> None:
    """Note what is to be told by now, and tell it. Nothing that goes wrong with that concerns the caller.

    Where another process tells, `beside` has it do so. To be called where there is no event loop.
    """
    try:
        with app.database.connect() as connection:
            found = admin_notices.news(connection, app.now(), app.settings.signup_surge)
        if not found:
            return
        for each in found:
            if each.event:
                note(app, FINDINGS[each.event](app, each.number))
        if beside:
            beside()
            return
        # What makes mails takes a while to load.
        from mailer.services.notice_telling import tell_noted

        tell_noted(app)
    except MailerError as error:
        log.warning("notices wait: %s", error.problem)


def note_fault(app: App, send: Send, fault: MailerError) -> None:
    """Note why a send could not go on; once a day, however often it is tried."""
    from mailer.logins.grants import LoginLost  # authlib

    event = NoticeEvent.ACCOUNT_LOGIN if isinstance(fault, LoginLost) else NoticeEvent.SEND_FAILED
    kind = "login" if isinstance(fault, LoginLost) else f"{send.id}:{type(fault).__name__}"
    name = f"{send.label} to {send.audience}"
    lines = tuple(filter(None, (fault.problem, fault.next_step and f"Next: {fault.next_step}")))
    _note_calmly(
        app,
        AdminNotice(event, f"{kind}:{_today(app)}", f"{name} could not go on", lines, send_data(app, send)),
    )


def note_held(app: App, send: Send, words: str) -> None:
    """Note that a limit of the account, or a warm-up's day, keeps a send waiting; once a day."""
    title = f"{send.label} to {send.audience} waits"
    _note_calmly(
        app,
        AdminNotice(
            NoticeEvent.ACCOUNT_LIMIT, f"{send.id}:{_today(app)}", title, (words,), send_data(app, send)
        ),
    )


def note_sequence_held(app: App, sequence_id: int, name: str, fault: MailerError) -> None:
    """Note what is wrong with a sequence, which waits until that is mended; once a day."""
    said = "\nNext: ".join(filter(None, (fault.problem, fault.next_step)))
    lines = tuple(each.strip() for each in said.splitlines())
    about, title = f"{sequence_id}:{_today(app)}", f"The sequence {name} is held"
    _note_calmly(
        app, AdminNotice(NoticeEvent.SEQUENCE_HELD, about, title, lines, {"sequence": {"name": name}})
    )


def _note_calmly(app: App, found: AdminNotice) -> None:
    try:
        note(app, found)
    except MailerError as error:
        log.warning("a notice could not be noted: %s", error.problem)


def _today(app: App) -> str:
    return app.now().astimezone(UTC).date().isoformat()


def send_data(app: App, send: Send) -> dict[str, object]:
    """Return how a send stands, for programs."""
    data = report_on(app, send).data()
    kept = ("issue", "revision", "subject", "lists", "audience", "states", "halted", "halted_by", "stages")
    return {"send": {"id": send.id} | {name: data[name] for name in kept}}


def _finished(app: App, number: int) -> AdminNotice:
    send = app.ledger.send(number)
    report = report_on(app, send)
    title = f"{report.name} is finished: {who_got_it(report.totals)}"
    data = send_data(app, send)
    return AdminNotice(NoticeEvent.SEND_FINISHED, str(number), title, _steps(report.next_steps), data)


def _held(app: App, number: int) -> AdminNotice:
    send = app.ledger.send(number)
    report = report_on(app, send)
    lines = (f"It {halt_words(send)}.", who_got_it(report.totals), *_steps(report.next_steps))
    title, data = f"{report.name} has stopped by itself", send_data(app, send)
    return AdminNotice(NoticeEvent.SEND_HELD, f"{number}:{send.halted_at}", title, lines, data)


def _steps(steps: list[str]) -> tuple[str, ...]:
    return tuple(f"Next: {each}" for each in steps)


def _schedule(event: NoticeEvent, words: str, app: App, number: int) -> AdminNotice:
    each = app.schedules.get(number)
    shown = each.parent_id or number
    lines = tuple(filter(None, (each.note, f"See: mailer schedule show {shown}")))
    data = {"schedule": {"id": shown, "issue": each.issue, "note": each.note}}
    about = f"{number}:{each.due_at}" if event is NoticeEvent.SCHEDULE_HELD else str(number)
    return AdminNotice(event, about, f"Schedule {shown} {words}", lines, data)


def _feeds(app: App, number: int) -> AdminNotice:
    broken = [each for each in app.feeds.standings(number).values() if each.trouble]
    lines = tuple(f"{each.address}: {each.trouble}" for each in broken)
    data = {
        "schedule": {"id": number},
        "feeds": [{"feed": each.address, "trouble": each.trouble} for each in broken],
    }
    title = f"Feeds of schedule {number} can't be read"
    return AdminNotice(NoticeEvent.FEED_BROKEN, f"{number}:{_today(app)}", title, lines, data)


def _surge(app: App, _: int) -> AdminNotice:
    minutes, most = int(LATELY.total_seconds() // 60), app.settings.signup_surge
    lines = ("Sends go on. Who signs up has to prove some work now, unless SIGNUP_PROOF is never.",)
    title = f"Sign-ups leap: {most:,} or more in {minutes} minutes"
    return AdminNotice(NoticeEvent.SIGNUPS_SURGE, _today(app), title, lines, {"surge": most})


FINDINGS: dict[NoticeEvent, Callable[[App, int], AdminNotice]] = {
    NoticeEvent.SEND_FINISHED: _finished,
    NoticeEvent.SEND_HELD: _held,
    NoticeEvent.FEED_BROKEN: _feeds,
    NoticeEvent.SIGNUPS_SURGE: _surge,
    **{
        event: partial(_schedule, event, words)
        for event, words in (
            (NoticeEvent.SCHEDULE_FAILED, "failed"),
            (NoticeEvent.SCHEDULE_MISSED, "was missed: nothing looked at the clock in time"),
            (NoticeEvent.SCHEDULE_SKIPPED, "sent nothing this time"),
            (NoticeEvent.SCHEDULE_HELD, "is due and can't begin"),
        )
    },
}
