"""The steps of a send: an issue compiled for an audience, planned, frozen, sent, accounted for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain

from mailer.domain.audience import Recipient, excluded_in_words
from mailer.domain.local_time import LocalTime
from mailer.domain.page import Page, pages_of
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send, SendKind
from mailer.engine.compiler import Compiler, Job
from mailer.engine.dispatch import Dispatcher
from mailer.engine.personaliser import Personaliser
from mailer.engine.plan import Plan, prove, refuse_refused, split
from mailer.engine.proving import SharedProof
from mailer.engine.watch import Watch, unwatched
from mailer.engine.worker import Progress
from mailer.engine.workers import Workers, best_number, forked
from mailer.errors import PlanRefused
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.people.lists import Lists


@dataclass(frozen=True, slots=True)
class Sending:
    """The steps, none of which asks whether it may be taken: that is for `mailer.services` to know."""

    compiler: Compiler
    dispatcher: Dispatcher

    @property
    def ledger(self) -> Ledger:
        """The ledger that the job is kept in."""
        return self.dispatcher.ledger

    def plan(
        self,
        job: Job,
        *,
        again: bool = False,
        local: LocalTime | None = None,
        rollout: Rollout | None = None,
    ) -> Plan:
        """Count the audience and prove every render, recording nothing. Raises PlanRefused.

        With a `local` time, or in stages, the plan says how many get it when.
        """
        zones: Counter[str | None] = Counter()

        def counted() -> Iterator[tuple[Recipient, str | None]]:
            for recipient, reason in self.ledger.preview(job.issue.slug, job.audience, again=again):
                zones[recipient.timezone] += reason is None
                yield recipient, reason

        plan = self.plan_for(job, counted())
        if local:
            plan.departures = local.departures(+zones)
        plan.rollout = rollout
        return plan

    def plan_for(self, job: Job, candidates: Iterable[tuple[Recipient, str | None]]) -> Plan:
        """Do the same for these people, each with the reason why they don't get it, if there is one."""
        excluded: Counter[str] = Counter()
        plan = self._proved(job, None, pages_of(split(candidates, excluded)))
        plan.excluded = dict(excluded)
        return plan

    def freeze(
        self,
        job: Job,
        now: datetime,
        *,
        again: bool = False,
        limited_by: str | None = None,
        local: LocalTime | None = None,
        rollout: Rollout | None = None,
        watch: Watch = unwatched,
    ) -> tuple[Send, Plan]:
        """Freeze the audience and prove every render of it; PlanRefused leaves nothing behind.

        For who holds the right to begin (`Dispatcher.beginning`) and knows that the job may be begun. `watch`
        shows how the proof of a large audience proceeds.
        """
        earlier = self.ledger.find(job.issue.slug, job.audience)
        send = self.ledger.freeze(
            job.issue.slug,
            job.audience,
            subject=job.subject,
            revision=job.template.revision,
            template=job.template.dump(),
            fields=job.template.fields,
            now=now,
            occasion=earlier.occasion + 1 if earlier else 0,
            again=again,
            subject_put=job.subject_put,
            limited_by=limited_by,
            local=local,
            rollout=rollout,
        )
        with self.proving(send, now):
            totals = LedgerQueries(self.dispatcher.database).totals(send)
            if self.dispatcher.jobs and totals.audience > self.dispatcher.large:
                plan = self._proved_by_many(job, send, now, watch, totals.audience)
            else:
                plan = self._proved(job, send, self.ledger.frozen_pages(send))
            plan.excluded, plan.rollout = totals.excluded, rollout
            if local:
                plan.departures = LedgerQueries(self.dispatcher.database).departures(send)
            _refuse_nobody(plan)
        return send, plan

    @contextmanager
    def proving(self, send: Send, now: datetime) -> Iterator[None]:
        """Let a frozen send go out if the block proves it; whatever it raises leaves nothing of it behind."""
        try:
            yield
        except BaseException:
            self.ledger.discard_unproved()
            raise
        self.ledger.proved(send, now, partial(self.dispatcher.call, send, now))

    async def run(
        self,
        send: Send,
        now: datetime,
        stop: asyncio.Event,
        progress: Progress,
        *,
        limit: int | None = None,
        workers: Workers | None = None,
    ) -> None:
        """Send what is queued, `limit` messages at most, by `workers` if there are any."""
        if workers:
            await workers.work(stop, progress)
        else:
            personaliser = self.personaliser_of(send)
            await self.dispatcher.run(send, personaliser, now, stop, limit=limit, progress=progress)

    def workers(
        self,
        send: Send,
        clock: Callable[[], datetime],
        waiting: int,
        number: int | None = None,
        *,
        limit: int | None = None,
    ) -> AbstractContextManager[Workers | None]:
        """Return worker processes for `run`; to be entered before loop and thread.

        There are as many as send `waiting` messages best, unless `number` says how many; it is None where
        one process is enough.
        """
        number = number or best_number(self.dispatcher, waiting, clock())
        if number == 1:
            return nullcontext(None)
        return forked(Workers(self.dispatcher, send, self.personaliser_of(send), clock, limit), number)

    def personaliser_of(self, send: Send) -> Personaliser:
        """Return what fills the messages of a send."""
        lists = send.audience.lists[:1] if send.kind is not SendKind.NOTICE else ()
        first_list = next(iter(Lists(self.dispatcher.database).ids(lists)), 0)
        corrected = self.personaliser_of(self.ledger.send(send.corrects)) if send.corrects else None
        # Its first text's, as the seed: whatever it is corrected to, its Message-IDs stay what they were.
        version = self.dispatcher.template(send, 1).version
        return self.compiler.personaliser(send.id, first_list, _seed(send), corrected, version)

    def _proved(self, job: Job, send: Send | None, pages: Iterable[Page]) -> Plan:
        personaliser = self.personaliser_of(send) if send else self.compiler.trial(job)
        everyone = iter(pages)
        if (first := next(everyone, None)) is None:
            return self._plan(job)
        number = prove(job.template, personaliser, chain([first], everyone), job.issue.slug)
        return self._plan(job, personaliser, first, number)

    def _proved_by_many(self, job: Job, send: Send, now: datetime, watch: Watch, people: int) -> Plan:
        personaliser = self.personaliser_of(send)
        proof = SharedProof(self.dispatcher, send, job.template, personaliser)
        with watch(f"Proving {send.slug}", people) as progress:
            number = refuse_refused(proof.whole(now, progress), send.slug)
        with closing(self.ledger.frozen_pages(send)) as pages:
            return self._plan(job, personaliser, next(pages), number)

    def help_to_prove(self, send: Send, now: datetime, stopped: Callable[[], bool]) -> None:
        """Look at parts of an audience that was frozen elsewhere, until none is left or it is `stopped`."""
        template = self.dispatcher.template(send, 1)
        SharedProof(self.dispatcher, send, template, self.personaliser_of(send)).help(now, stopped)

    def _plan(
        self, job: Job, personaliser: Personaliser | None = None, first: Page | None = None, number: int = 0
    ) -> Plan:
        plan = Plan(job.issue.slug, job.issue.subject or job.issue.title, job.template.revision, job.audience)
        if personaliser and first:
            (reader,) = first.recipients([0])
            plan.recipients = number
            plan.subject = job.template.subject(personaliser.names(reader, 0))
            plan.warnings += self.compiler.signer.warnings if self.compiler.signer else ()
        return plan


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
