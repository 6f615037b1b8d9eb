"""The main job: an issue to an audience, planned, frozen, sent, accounted for; begun or gone on with."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from mailer.domain.audience import Audience, Recipient, excluded_in_words
from mailer.domain.delivery import Halt, State
from mailer.domain.issue import Issue
from mailer.domain.send import Send
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Compiler
from mailer.engine.compiler import Job as Job
from mailer.engine.dispatch import Dispatcher
from mailer.engine.personaliser import Personaliser
from mailer.engine.plan import Plan, prove, split
from mailer.engine.report import Report
from mailer.engine.standing import send_command
from mailer.engine.worker import Progress
from mailer.engine.workers import Workers, best_number, forked
from mailer.errors import PlanRefused
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.people.lists import Lists


@dataclass(frozen=True, slots=True)
class Sending:
    """The main job's steps, each safe to repeat."""

    compiler: Compiler
    dispatcher: Dispatcher

    @property
    def ledger(self) -> Ledger:
        """The ledger that the job is kept in."""
        return self.dispatcher.ledger

    def prepare(
        self,
        issue: Issue,
        audience: Audience,
        lists: Sequence[SubscriberList],
        subject: str | None = None,
    ) -> Job:
        """Compile the issue for the audience, under this `subject` instead of its own."""
        return self.compiler.prepare(issue, audience, lists, subject)

    def prepare_erratum(self, job: Job) -> Job:
        """Compile the job's issue as a mail to those who got another text of it before."""
        return replace(job, composed=self.compiler.compose(job.issue, job.lists, erratum=True))

    def plan(self, job: Job, *, again: bool = False) -> Plan:
        """Count the audience and prove every render, recording nothing. Raises PlanRefused."""
        excluded: Counter[str] = Counter()
        recipients = split(self.ledger.preview(job.issue.slug, job.audience, again=again), excluded)
        plan = self._proved(job, None, recipients)
        plan.excluded = dict(excluded)
        return plan

    def existing(
        self, job: Job, *, again: bool = False, edited: bool = False, named: str = ""
    ) -> Send | None:
        """Return the send to go on with, if there is one; PlanRefused if the issue was edited since.

        `edited`: that is known, and the send goes on with the text that it has. `named` is what a person
        called the issue.
        """
        send = self.ledger.find(job.issue.slug, job.audience)
        if send is None:
            return None
        finished = not LedgerQueries(self.dispatcher.database).totals(send).open
        if again and finished:
            return None
        # One that was cancelled never goes on: that is what is to be said, not that its text is another one.
        same = send.revision == job.template.revision
        if not (same or edited or send.halted is Halt.CANCELLED):
            raise PlanRefused(
                f"{job.issue.slug} was edited since its send to {job.audience} began, or its sender or "
                "layout was, or mailer itself is another version: "
                f"the send is rev {send.revision[:12]}, now it would be rev {job.template.revision[:12]}",
                next_step=_what_of_the_edit(send, named, finished=finished),
            )
        return send

    def begin(
        self, job: Job, now: datetime, *, again: bool = False, limited_by: str | None = None
    ) -> tuple[Send, Plan | None]:
        """Freeze the audience and prove every render of it; PlanRefused leaves nothing behind.

        Return the send and its plan; no plan where another process began the same send first. The clock
        leaves a send alone that is `limited_by` an option from its first moment.
        """
        with self.dispatcher.beginning():
            return self.begin_alone(job, now, again=again, limited_by=limited_by)

    def begin_alone(
        self, job: Job, now: datetime, *, again: bool = False, limited_by: str | None = None
    ) -> tuple[Send, Plan | None]:
        """Do the same for one who holds the right to begin (`Dispatcher.beginning`)."""
        # Whoever froze these died before they were proved, else the lock would be held.
        self.ledger.discard_unproved()
        if send := self.existing(job, again=again):
            return send, None
        if not again:
            self._refuse_forgotten(job, now)
        return self._freeze(job, now, again=again, limited_by=limited_by)

    def _refuse_forgotten(self, job: Job, now: datetime) -> None:
        """Raise PlanRefused for an issue sent after the backup that this database comes from."""
        for about in self.dispatcher.recover(now).unknown:
            if about.slug == job.issue.slug:
                raise PlanRefused(
                    f"{about.slug} was sent on {about.created_at[:10]}, after the backup that this database "
                    "comes from: who got it is not known here",
                    next_step="To send it to everyone all the same, add --again.",
                )

    def _freeze(self, job: Job, now: datetime, *, again: bool, limited_by: str | None) -> tuple[Send, Plan]:
        earlier = self.ledger.find(job.issue.slug, job.audience)
        send = self.ledger.freeze(
            job.issue.slug,
            job.audience,
            subject=job.subject,
            revision=job.template.revision,
            template=job.template.dump(),
            now=now,
            occasion=earlier.occasion + 1 if earlier else 0,
            again=again,
            subject_put=job.subject_put,
            limited_by=limited_by,
        )
        try:
            plan = self._proved(job, send, self.ledger.frozen(send))
            plan.excluded = LedgerQueries(self.dispatcher.database).totals(send).excluded
            _refuse_nobody(plan)
        except BaseException:
            self.ledger.discard_unproved()
            raise
        self.ledger.proved(send, now)
        return send, plan

    async def run(
        self,
        send: Send,
        now: datetime,
        stop: asyncio.Event,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
        crew: Workers | None = None,
    ) -> Report:
        """Send what may go now, by a crew if there is one, and return what it came to."""
        accounts = LedgerQueries(self.dispatcher.database)
        before, began = accounts.totals(send), time.monotonic()
        counted: Counter[str] = Counter()

        def count(settled: int) -> None:
            counted["settled"] += settled
            if progress:
                progress(settled)

        if crew:
            await crew.work(stop, count)
        else:
            personaliser = self._personaliser(send)
            allowed = self.dispatcher.within(limit, now)
            await self.dispatcher.run(send, personaliser, now, stop, limit=allowed, progress=count)
        after = accounts.totals(send)
        return Report(
            self.ledger.reread(send),
            after,
            settled=counted["settled"],
            seconds=time.monotonic() - began,
            failed_now=after.states.get(State.FAILED, 0) - before.states.get(State.FAILED, 0),
            interrupted=stop.is_set(),
        )

    def crew(
        self,
        send: Send,
        clock: Callable[[], datetime],
        waiting: int,
        workers: int | None = None,
        *,
        limit: int | None = None,
    ) -> AbstractContextManager[Workers | None]:
        """Return a crew for `run`; to be entered before loop and thread.

        It has as many processes as send `waiting` messages best, unless `workers` says how many; it is None
        where one process is enough.
        """
        number = workers or best_number(self.dispatcher, waiting, clock())
        if number == 1:
            return nullcontext(None)
        return forked(Workers(self.dispatcher, send, self._personaliser(send), clock, limit), number)

    def report(self, send: Send) -> Report:
        """Return how a send stands, without running it."""
        return Report(send, LedgerQueries(self.dispatcher.database).totals(send))

    def _personaliser(self, send: Send) -> Personaliser:
        first_list = Lists(self.dispatcher.database).ids(send.audience.lists[:1])[0]
        corrected = self._personaliser(self.ledger.send(send.corrects)) if send.corrects else None
        return self.compiler.personaliser(send.id, first_list, _seed(send), corrected)

    def personaliser(self, job: Job, send: Send | None = None) -> Personaliser:
        """Return what fills the job's messages; without a send, for looking at only."""
        return self._personaliser(send) if send else self.compiler.trial(job)

    def _proved(self, job: Job, send: Send | None, recipients: Iterable[Recipient]) -> Plan:
        personaliser = self.personaliser(job, send)
        plan = Plan(job.issue.slug, job.issue.subject or job.issue.title, job.template.revision, job.audience)
        everyone = iter(recipients)
        if (first := next(everyone, None)) is None:
            return plan
        plan.recipients = prove(job.template, personaliser, chain([first], everyone), plan.slug)
        names = personaliser.names(first, 0)
        plan.subject = job.template.subject(names)
        plan.warnings += self.compiler.signer.warnings if self.compiler.signer else ()
        return plan


def _what_of_the_edit(send: Send, named: str, *, finished: bool) -> str:
    ways = {
        "--corrected": "to send the new text to who has none yet",
        "--uncorrected": "or to go on with the text that it has",
    }
    if finished:
        ways = {
            "--erratum": "to send the new text as a correction of the one that they have",
            "--again": "or as if they had none",
            "--uncorrected": "if there is nothing to correct, it is finished, as this says, too",
        }
    return "\n  next: ".join(
        f"{what}: {send_command(send, option, named=named)}" for option, what in ways.items()
    )


def _refuse_nobody(plan: Plan) -> None:
    # A send to nobody would be finished at once, and stand in the way of those who subscribe next.
    if not plan.recipients:
        why, name = excluded_in_words(plan.excluded), plan.audience.lists[0]
        raise PlanRefused(
            f"nobody would get {plan.slug}: {plan.audience} ({why or 'nobody is on it'})",
            next_step=f"See who is on it: mailer subscribers list --list {name}"
            if why
            else f"Subscribe people to it: mailer subscribers import FILE --list {name}",
        )


def _seed(send: Send) -> str:
    # A corrected text has the Message-IDs that the first one would have had: a copy in doubt stays one copy.
    return f"{send.first_revision}/{send.id}/{send.created_at.isoformat()}"
