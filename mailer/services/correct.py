"""A text that was found wrong in mid-send: the right one for who has none yet, an erratum for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailer.domain.audience import Recipient, excluded_in_words
from mailer.domain.delivery import Halt, State
from mailer.domain.page import pages_of
from mailer.domain.send import Send
from mailer.engine.compiler import Job
from mailer.engine.plan import Plan, prove
from mailer.engine.sending import Sending
from mailer.engine.standing import refuse_halted, send_command
from mailer.errors import AtWork, PlanRefused, UsageError
from mailer.ledger.freezing import FrozenText
from mailer.ledger.queries import Totals
from mailer.ledger.revisions import Revisions
from mailer.message.expression.operations import CannotFill
from mailer.services.archive import archive_text
from mailer.services.changed_words import changed_words
from mailer.services.prepare import PreparedSend
from mailer.services.report import report_on

WAITING = (State.QUEUED, State.DEFERRED)


@dataclass(slots=True)
class Correction:
    """What a correction would come to. `waiting` get the job's text as their first copy.

    `erratum` is the plan for those who got another text; `changes` are words of the text part, as in a diff.
    """

    send: Send
    job: Job
    totals: Totals
    waiting: int
    changes: list[str] = field(default_factory=list)
    erratum: Plan | None = None
    marked: Job | None = None

    @property
    def changed(self) -> bool:
        """Whether the text is another one than the send has."""
        return self.send.revision != self.job.template.revision

    @property
    def errata(self) -> int:
        """How many get an erratum."""
        return self.erratum.recipients if self.erratum else 0

    def text(self) -> str:
        """Return the plan as a person reads it before saying yes."""
        send, template, states = self.send, self.job.template, self.totals.states
        subject = self.job.subject
        deferred, doubtful = states.get(State.DEFERRED, 0), states.get(State.UNCERTAIN, 0)
        revision = f"rev {send.revision[:6]}" + (f" -> {template.revision[:6]}" if self.changed else "")
        lines = [
            f"{send.slug} · {revision} · {send.audience}",
            f"  subject   {send.subject}" + (f" -> {subject}" if subject != send.subject else ""),
            *(f"  has       {each.text()}" for each in self.totals.revisions),
            f"  new text  {self.waiting:,} who have no copy yet get the corrected text"
            + (f" ({deferred:,} of them deferred)" if deferred else ""),
        ]
        if doubtful:
            lines.append(f"  in doubt  {doubtful:,} may have a copy, and keep the text that they were handed")
        if self.erratum:
            why = excluded_in_words(self.erratum.excluded)
            lines.append(
                f"  erratum   {self.errata:,} who have another text get the corrected one, "
                f"as {self.erratum.subject!r}" + (f"; excluded {why}" if why else "")
            )
        return "\n".join(lines + [f"  changed   {line}" for line in self.changes])


@dataclass(frozen=True, slots=True)
class Correcting:
    """The steps of a correction, each safe to repeat.

    `erratum`: also for those who got another text. `failed`: also for those whom the server refused for good.
    `force`: whatever check finds.
    """

    prepared: PreparedSend
    erratum: bool = False
    failed: bool = False
    force: bool = False

    def plan(self) -> Correction:
        """Count who would get the new text and prove every render of it, recording nothing.

        Raises PlanRefused, as for an issue with errors and where nobody is left to get it; UsageError where
        no send was begun; AtWork where another process sends it.
        """
        now, job = self.prepared.app.now(), self.prepared.job
        self._sending.dispatcher.recover(now)
        self.prepared.refuse_errors(force=self.force)
        send = self._send(job)
        waiting = self._proved(job, send, self._revisions.unsent(send, WAITING))
        # Whoever the server refused may be tried again later, too, and gets this text then.
        refused = self._proved(job, send, self._revisions.unsent(send, [State.FAILED]))
        totals = report_on(self.prepared.app, send).totals
        correction = Correction(send, job, totals, waiting + (refused if self.failed else 0))
        if self.erratum:
            self._refuse_forgotten(send, now)
            composed = self._sending.compiler.compose(job.issue, job.lists, erratum=True)
            correction.marked = replace(job, composed=composed)
            mistaken = self._revisions.mistaken(send, job.template.revision)
            correction.erratum = self._sending.plan_for(correction.marked, mistaken)
        elif correction.changed and not correction.waiting:
            raise PlanRefused(
                f"nobody is left to get the corrected text of {send.slug}: all who get it have another one",
                next_step="To send it to them, marked as a correction: "
                + send_command(send, "--erratum", named=self.prepared.named),
            )
        if correction.changed:
            correction.changes = self._changes(send, job)
        return correction

    def correct(self, correction: Correction, limited_by: str | None = None) -> Send:
        """Let the send go on with the corrected text, and freeze its erratum, if there is to be one.

        AtWork if it is not as it was planned. An erratum is `limited_by` an option from its first moment.
        """
        with self.prepared.app.at_work():
            send = self._corrected(correction)
            # Frozen before anything goes out: whoever is killed from here on has both to go on with.
            if correction.marked:
                self._begin_erratum(correction.marked, send, limited_by)
            return send

    def errata(self, send: Send) -> list[Send]:
        """Return the errata to go on with, if there are to be any."""
        errata = self._revisions.errata(send) if self.erratum else []
        return [each for each in errata if each.halted is not Halt.CANCELLED]

    @property
    def _sending(self) -> Sending:
        return self.prepared.sending

    @property
    def _revisions(self) -> Revisions:
        return Revisions(self._sending.dispatcher.database)

    def _corrected(self, correction: Correction) -> Send:
        send, job, now = correction.send, correction.job, self.prepared.app.now()
        if not correction.changed:
            self._revisions.restore(send, job.template.dump())
            return send
        with self._alone(send):
            corrected = self._revisions.correct(send, _text_of(job), now)
        if corrected is None:
            raise AtWork(
                "another process",
                f"{send.slug} is not as it was a moment ago: another process sends or corrects it",
                next_step=f"See how it stands, then run the same command again: mailer status {send.slug}",
            )
        self._sending.ledger.cancel_rest(now)
        archive_text(self.prepared.app, job, corrected)
        return corrected

    def _begin_erratum(self, marked: Job, send: Send, limited_by: str | None) -> None:
        """Freeze an erratum of the send's text to all who got another one and have no erratum of it yet."""
        now, ledger = self.prepared.app.now(), self._sending.ledger
        with self._sending.dispatcher.beginning():
            ledger.discard_unproved()
            if not any(reason is None for _, reason in self._revisions.mistaken(send, send.revision)):
                return
            erratum = self._revisions.freeze_erratum(send, _text_of(marked), now, limited_by=limited_by)
            with self._sending.proving(erratum, now):
                self._proved(marked, erratum, ledger.frozen(erratum))

    def _send(self, job: Job) -> Send:
        send = self._sending.ledger.find(job.issue.slug, job.audience)
        if send is None:
            raise UsageError(
                f"no send of {job.issue.slug} to {job.audience} was begun: there is nothing to correct",
                next_step="To begin one, leave out --corrected and --erratum.",
            )
        if send.halted is Halt.CANCELLED:
            refuse_halted(send, report_on(self.prepared.app, send).totals)
        with self._alone(send):
            pass  # that another process is at it is said before anything is asked
        return send

    @contextmanager
    def _alone(self, send: Send) -> Iterator[None]:
        """Hold the right to send this one and its errata; AtWork while another process has it."""
        with ExitStack() as rights:
            for each in (send, *self._revisions.errata(send)):
                rights.enter_context(self._sending.dispatcher.sending(each))
            yield

    def _refuse_forgotten(self, send: Send, now: datetime) -> None:
        """Raise PlanRefused where an erratum may have been sent after the backup this database comes from."""
        for about in self._sending.dispatcher.recover(now).unknown:
            if about.slug == send.slug:
                raise PlanRefused(
                    f"{send.slug} was sent on {about.created_at[:10]}, after the backup that this database "
                    "comes from, perhaps as an erratum: who got it is not known here",
                    next_step=f"to send the new text to the rest only: {send_command(send, '--corrected')}",
                )

    def _proved(self, job: Job, send: Send, people: Iterable[Recipient]) -> int:
        try:
            return prove(job.template, self._sending.personaliser_of(send), pages_of(people), send.slug)
        except PlanRefused as refused:
            since = f"{send.created_at:%Y-%m-%d}"
            raise PlanRefused(
                f"{refused.problem}\n  What the text before names is as it was on {since}, when the audience "
                "was frozen",
                next_step=refused.next_step,
            ) from None

    def _changes(self, send: Send, job: Job) -> list[str]:
        """Return what changes in one reader's text part."""
        personaliser = self._sending.personaliser_of(send)
        with suppress(PlanRefused):  # a text that was lost with what came after a backup
            before = self._sending.dispatcher.template(send, send.number)
            for reader in self._sending.ledger.frozen(send):
                with suppress(CannotFill):
                    names = personaliser.names(reader, 0)
                    found = changed_words(before.text(names), job.template.text(names))
                    return found or ["not the text part: the HTML, the header or what is attached"]
        return ["not known: the text before is not in this database"]


def _text_of(job: Job) -> FrozenText:
    return FrozenText(job.subject, job.template.revision, job.template.dump(), job.template.fields)
