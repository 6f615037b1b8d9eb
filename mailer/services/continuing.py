"""A send that was begun goes on: what a person decided of it, what may go now, and what came of that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mailer.bootstrap import App
from mailer.domain.delivery import Halt, State
from mailer.domain.send import Send
from mailer.domain.warmup import WarmUp
from mailer.engine.sending import Sending
from mailer.engine.standing import refuse_halted
from mailer.engine.stopping import Stopping
from mailer.engine.watch import Watch, unwatched
from mailer.engine.workers import Workers
from mailer.errors import AccountFault, EveryoneRefused, ServerUnavailable
from mailer.services.attendance import attending
from mailer.services.notice_findings import note_fault, note_held
from mailer.services.refusals import take_refusals
from mailer.services.report import Report, report_on
from mailer.services.stages import advance, held
from mailer.services.together import sent_together, summed_up


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a person decides of those whose answer was lost, and of those who were refused for good."""

    resend_uncertain: bool = False
    accept_uncertain: bool = False
    retry_failed: bool = False

    def moves(self) -> Iterator[tuple[State, State, str]]:
        """Yield from which state to which deliveries go, and the reason to be kept."""
        if self.resend_uncertain:
            yield State.UNCERTAIN, State.QUEUED, "decided: --resend-uncertain"
        if self.accept_uncertain:
            yield State.UNCERTAIN, State.ACCEPTED, "decided: --accept-uncertain"
        if self.retry_failed:
            yield State.FAILED, State.QUEUED, "decided: --retry-failed"


@dataclass(frozen=True, slots=True)
class Portion:
    """How much goes this time: `limit` messages at most, `rate` of them a second, by so many processes.

    `rate` and `warmup` are the settings' where there is none.
    """

    limit: int | None = None
    warmup: WarmUp | None = None
    rate: float | None = None
    workers: int | None = None

    @property
    def limited_by(self) -> str | None:
        """The options by which it is a part only: the rest is a person's to send."""
        limit = f"--limit {self.limit}" if self.limit else ""
        warmup = f"--warmup {self.warmup}" if self.warmup else ""
        return " ".join(filter(None, (limit, warmup))) or None

    def after(self, reports: Sequence[Report]) -> Portion | None:
        """Return what of it is left after these runs; None if nothing more may go."""
        if any(report.interrupted or report.fault for report in reports):
            return None
        if self.limit is None:
            return self
        left = self.limit - sum(report.settled for report in reports)
        return replace(self, limit=left) if left > 0 else None


WHOLE = Portion()


def take_up(app: App, send: Send, decisions: Decisions) -> Report:
    """Make what may go on queued, and say how the send stands; nothing goes out yet.

    Raises AtWork while another process sends it, PlanRefused if a person paused or cancelled it.
    """
    dispatcher, ledger = app.sending().dispatcher, app.ledger
    with dispatcher.sending(send):
        pass  # that another process is at it is said before anything is decided
    now, send = app.now(), ledger.reread(send)
    if not (decisions.accept_uncertain and send.halted is Halt.CANCELLED):
        refuse_halted(send, report_on(app, send).totals)
    decided = [
        f"{ledger.decide(send, before, after, reason, now):,} {before} -> {after}"
        for before, after, reason in decisions.moves()
    ]
    advance(app, dispatcher, send)
    dispatcher.prepare(send, now)
    return replace(report_on(app, ledger.reread(send)), decided=tuple(decided))


def go_on(
    app: App,
    send: Send,
    portion: Portion = WHOLE,
    watch: Watch = unwatched,
    tell: Callable[[str], None] = lambda words: None,  # noqa: ARG005
) -> Report:
    """Send what may go now, and report. The first signal lets what is in flight end, the second ends it all.

    One in stages goes to the last of them, unless it is a portion only; `tell` is told what it waits for.
    Raises AtWork while another process sends it, PlanRefused if a person paused or cancelled it, Interrupted.
    To be called where there is neither an event loop nor a thread.
    """
    sending, ledger = app.sending(rate=portion.rate, warmup=portion.warmup), app.ledger
    with app.at_work(), sending.dispatcher.sending(send), Stopping() as stopping:
        refuse_halted(ledger.reread(send), report_on(app, send).totals)
        if portion.limited_by:
            ledger.limit(send, portion.limited_by, app.now())
        else:
            ledger.unlimit(send)
        advance(app, sending.dispatcher, send)
        report = _run(app, sending, send, portion, watch, stopping)
        whole = send.rollout is not None and not portion.limited_by
        while whole and held(app, sending.dispatcher, report, stopping, tell):
            report = _run(app, sending, send, portion, watch, stopping).after(report)
        if whole and stopping.asked:  # while it was held, too
            report = replace(report, interrupted=True)
        advance(app, sending.dispatcher, send)  # a stage that is through holds from now on
        if not report.totals.states.get(State.QUEUED):  # neither now nor later
            ledger.unlimit(send)  # it held nobody back
        send = ledger.reread(send)
        return replace(report, send=send, totals=app.queries.totals(send))


def go_on_unasked(app: App, send: Send, stopping: Stopping) -> Report | None:
    """Do the same for the clock: None where nothing may go, as where a person wants to go on themselves."""
    now, sending = app.now(), app.sending()
    with sending.dispatcher.sending(send):
        if app.ledger.halted(send):
            return None
        advance(app, sending.dispatcher, send)
        if app.ledger.halted(send):  # by itself, just now
            return report_on(app, app.ledger.reread(send))
        sending.dispatcher.prepare(send, now)
        if not report_on(app, send).queued or _held(app, sending, send):
            return None
        report = _run(app, sending, send, WHOLE, unwatched, stopping)
        advance(app, sending.dispatcher, send)
        send = app.ledger.reread(send)
        return replace(report, send=send, totals=app.queries.totals(send))


def _run(
    app: App, sending: Sending, send: Send, portion: Portion, watch: Watch, stopping: Stopping
) -> Report:
    stands = report_on(app, send)
    limit = sending.dispatcher.within(portion.limit, app.now())
    if held := _held(app, sending, send):
        return replace(stands, held=held)
    total = stands.queued if limit is None else min(stands.queued, limit)
    # Processes are forked before whatever shows it has a thread.
    with (
        sending.workers(send, app.now, total, portion.workers, limit=limit) as workers,
        watch(f"Sending {send.slug}", total) as progress,
    ):
        try:
            together = sending.dispatcher.jobs is not None and not portion.limited_by
            way = sent_together if together else _sent
            report = stopping.run(partial(way, app, sending, send, limit, progress, workers))
        except (AccountFault, EveryoneRefused, ServerUnavailable) as fault:
            # What was sent before stands, and is summed up all the same.
            take_refusals(app)
            note_fault(app, send, fault)
            return replace(report_on(app, send), fault=fault)
    take_refusals(app)
    if report.queued and not report.interrupted:
        return replace(report, held=_held(app, sending, send))
    return report


async def _sent(
    app: App,
    sending: Sending,
    send: Send,
    limit: int | None,
    progress: Callable[[int], None],
    workers: Workers | None,
    stop: asyncio.Event,
) -> Report:
    before, began, settled = report_on(app, send), time.monotonic(), 0

    def count(more: int) -> None:
        nonlocal settled
        settled += more
        attendance.count(more)
        progress(more)

    async with attending(app, send.id) as attendance:
        await sending.run(send, app.now(), stop, count, limit=limit, workers=workers)
    return summed_up(app, before, settled, began, stop)


def _held(app: App, sending: Sending, send: Send) -> str:
    """Return why nothing may go now, empty if something may."""
    held = sending.dispatcher.held(app.now())
    if held is None:
        return ""
    said = sending.ledger.latest_deferral(send) if held.by_provider else None
    words = f"{held}." + (f" It said: {said}" if said else "")
    if not send.kind.lasts:
        note_held(app, send, words)
    return words
