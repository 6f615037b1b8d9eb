"""A send in stages goes on: each opens when its time has come, which the foreground waits for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mailer.bootstrap import App
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send
from mailer.engine.dispatch import Dispatcher
from mailer.engine.standing import stage_lines
from mailer.engine.stopping import Stopping, pause
from mailer.errors import UsageError
from mailer.ledger import stages
from mailer.services.report import Report, report_on

LOOK = 1.0  # seconds between looks at what came back meanwhile


def advance(app: App, dispatcher: Dispatcher, send: Send) -> None:
    """Take a send on as far as it may go now: open its next stage, or stop it."""
    if send.rollout:
        with app.database.begin() as connection:
            now = app.now()
            stages.advance(connection, send, now, partial(dispatcher.call, send, now))


def advance_all(app: App) -> None:
    """Do it for all that are under way; whoever brings workers to sends brings them to these."""
    with app.database.connect() as connection:
        under_way = stages.under_way(connection)
    for send_id in under_way:
        with app.database.begin() as connection:
            stages.advance(connection, app.ledger.send(send_id), app.now())


def held(
    app: App, dispatcher: Dispatcher, report: Report, stopping: Stopping, tell: Callable[[str], None]
) -> bool:
    """Wait until more of a send in stages may go, and return True; False where nothing is to be waited for.

    `tell` is told what is waited for.
    """
    send, told = report.send, False
    if report.interrupted or report.fault or report.held:
        return False
    while not stopping.asked:
        advance(app, dispatcher, send)
        dispatcher.prepare(send, app.now())
        report = report_on(app, app.ledger.reread(send))
        if report.send.halted or report.queued:
            return not report.send.halted
        if not report.holds:
            return False
        for line in [] if told else stage_lines(report.send, report.totals):
            tell(f"{send.label}:{line.removeprefix(' ')}.")
        told = True
        stopping.run(lambda stop: pause(stop, LOOK))
    return False


def refuse_other_stages(send: Send, asked: Rollout | None) -> None:
    """Raise UsageError where a send was begun in other stages than are `asked` for now."""
    if asked is None or asked == send.rollout:
        return
    was = f"with {send.rollout}" if send.rollout else "without stages"
    raise UsageError(
        f"{send.label} to {send.audience} was begun {was}, and who is in which stage is settled",
        next_step="Leave out --stages, --hold and --stop-if to go on with it.",
    )
