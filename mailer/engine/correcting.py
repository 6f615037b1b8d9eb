"""A text that was found wrong in mid-send: the right one for who has none yet, an erratum for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from itertools import chain
from textwrap import shorten

from mailer.domain.audience import Recipient, excluded_in_words
from mailer.domain.delivery import Halt, State
from mailer.domain.send import Send
from mailer.engine.plan import Plan, prove, split
from mailer.engine.sending import Job, Sending
from mailer.engine.standing import refuse_halted, send_command
from mailer.errors import AtWork, PlanRefused, UsageError
from mailer.ledger.freezing import FrozenText
from mailer.ledger.queries import LedgerQueries, Totals
from mailer.ledger.revisions import Revisions
from mailer.message.expression.operations import CannotFill

SHOWN = 12  # lines of what changed
AROUND = 3  # words before and after
WIDTH = 96  # characters of such a line


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
    """The steps of a correction, each safe to repeat."""

    sending: Sending

    @property
    def revisions(self) -> Revisions:
        """The texts that sends had."""
        return Revisions(self.sending.dispatcher.database)

    def plan(self, job: Job, now: datetime, *, erratum: bool = False, failed: bool = False) -> Correction:
        """Count who would get the job's text and prove every render of it, recording nothing.

        `failed`: also for those whom the server refused for good. Raises PlanRefused, UsageError where no
        send was begun, AtWork where another process sends it.
        """
        send = self._send(job)
        totals = LedgerQueries(self.sending.dispatcher.database).totals(send)
        waiting = self._proved(job, send, self.revisions.unsent(send, WAITING))
        # Whoever the server refused may be tried again later, too, and gets this text then.
        refused = self._proved(job, send, self.revisions.unsent(send, [State.FAILED]))
        correction = Correction(send, job, totals, waiting + (refused if failed else 0))
        if erratum:
            self._refuse_forgotten(send, now)
            correction.marked = self.sending.prepare_erratum(job)
            correction.erratum = self._erratum(correction.marked, send, job.template.revision)
        if correction.changed:
            correction.changes = self._changes(send, job)
        return correction

    def correct(self, correction: Correction, now: datetime) -> Send:
        """Let the send go on with the corrected text; AtWork if it is not as it was planned."""
        send, job = correction.send, correction.job
        if not correction.changed:
            self.revisions.restore(send, job.template.dump())
            return send
        with self._alone(send):
            corrected = self.revisions.correct(send, wording_of(job), now)
        if corrected is None:
            raise AtWork(
                "another process",
                f"{send.slug} is not as it was a moment ago: another process sends or corrects it",
                next_step=f"See how it stands, then run the same command again: mailer status {send.slug}",
            )
        self.sending.ledger.cancel_rest(now)
        return corrected

    def begin_erratum(self, marked: Job, send: Send, now: datetime, *, limited_by: str | None = None) -> None:
        """Freeze an erratum of the send's text to all who got another one and have no erratum of it yet."""
        with self.sending.dispatcher.beginning():
            self.sending.ledger.discard_unproved()
            if not any(reason is None for _, reason in self.revisions.mistaken(send, send.revision)):
                return
            erratum = self.revisions.freeze_erratum(send, wording_of(marked), now, limited_by=limited_by)
            try:
                self._proved(marked, erratum, self.sending.ledger.frozen(erratum))
            except BaseException:
                self.sending.ledger.discard_unproved()
                raise
            self.sending.ledger.proved(erratum, now)

    def _send(self, job: Job) -> Send:
        send = self.sending.ledger.find(job.issue.slug, job.audience)
        if send is None:
            raise UsageError(
                f"no send of {job.issue.slug} to {job.audience} was begun: there is nothing to correct",
                next_step="To begin one, leave out --corrected and --erratum.",
            )
        if send.halted is Halt.CANCELLED:
            refuse_halted(send, LedgerQueries(self.sending.dispatcher.database).totals(send))
        with self._alone(send):
            pass  # that another process is at it is said before anything is asked
        return send

    @contextmanager
    def _alone(self, send: Send) -> Iterator[None]:
        """Hold the right to send this one and its errata; AtWork while another process has it."""
        with ExitStack() as rights:
            for each in (send, *self.revisions.errata(send)):
                rights.enter_context(self.sending.dispatcher.sending(each))
            yield

    def _refuse_forgotten(self, send: Send, now: datetime) -> None:
        """Raise PlanRefused where an erratum may have been sent after the backup this database comes from."""
        for about in self.sending.dispatcher.recover(now).unknown:
            if about.slug == send.slug:
                raise PlanRefused(
                    f"{send.slug} was sent on {about.created_at[:10]}, after the backup that this database "
                    "comes from, perhaps as an erratum: who got it is not known here",
                    next_step=f"to send the new text to the rest only: {send_command(send, '--corrected')}",
                )

    def _proved(self, job: Job, send: Send, people: Iterable[Recipient]) -> int:
        try:
            return prove(job.template, self.sending.personaliser(job, send), people, send.slug)
        except PlanRefused as refused:
            since = f"{send.created_at:%Y-%m-%d}"
            raise PlanRefused(
                f"{refused.problem}\n  Their values are those of {since}, when the audience was frozen",
                next_step=refused.next_step,
            ) from None

    def _erratum(self, marked: Job, send: Send, revision: str) -> Plan:
        excluded: Counter[str] = Counter()
        people = split(self.revisions.mistaken(send, revision), excluded)
        plan = Plan(send.slug, marked.subject, marked.template.revision, send.audience, excluded=excluded)
        personaliser = self.sending.personaliser(marked)
        if first := next(people, None):
            plan.recipients = prove(marked.template, personaliser, chain([first], people), send.slug)
            plan.subject = marked.template.subject(personaliser.names(first, 0))
        return plan

    def _changes(self, send: Send, job: Job) -> list[str]:
        """Return what changes in one reader's text part."""
        personaliser = self.sending.personaliser(job, send)
        with suppress(PlanRefused):  # a text that was lost with what came after a backup
            before = self.sending.dispatcher.template(send, send.number)
            for reader in self.sending.ledger.frozen(send):
                with suppress(CannotFill):
                    names = personaliser.names(reader, 0)
                    found = list(changed_words(before.text(names), job.template.text(names)))
                    return _shortened(found) or [
                        "not the text part: the HTML, the header or what is attached"
                    ]
        return ["not known: the text before is not in this database"]


WAITING = (State.QUEUED, State.DEFERRED)


def wording_of(job: Job) -> FrozenText:
    """Return the job's text as the ledger keeps it."""
    return FrozenText(job.subject, job.template.revision, job.template.dump())


def changed_words(before: str, after: str) -> Iterator[str]:
    """Yield the words that differ, with some around them, those of `before` with a minus.

    Not the lines: one more letter may wrap a whole paragraph anew.
    """
    old, new = _words(before), _words(after)
    for kind, begin, end, new_begin, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield f"- {_around(old, begin, end)}"
            yield f"+ {_around(new, new_begin, new_end)}"


def _words(text: str) -> list[str]:
    return [word for word in text.split() if any(map(str.isalnum, word))]


def _around(words: list[str], begin: int, end: int) -> str:
    return shorten(" ".join(words[max(0, begin - AROUND) : end + AROUND]), WIDTH, placeholder=" …")


def _shortened(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"... and {more:,} lines more"] if more > 0 else lines
