"""A send is begun: through every gate, its audience frozen, each of its messages proved to be fillable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mailer.compose.issue.fields import OF_STEPS
from mailer.domain.delivery import Halt
from mailer.domain.issue import Issue
from mailer.domain.local_time import LocalTime
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send
from mailer.engine.compiler import Job
from mailer.engine.plan import Plan
from mailer.engine.standing import local, refuse_halted, send_command
from mailer.engine.watch import Watch, unwatched
from mailer.errors import IssueError, PlanRefused
from mailer.services.archive import archive_text
from mailer.services.prepare import PreparedSend
from mailer.services.renamed import refuse_renamed
from mailer.services.report import report_on
from mailer.services.return_alerts import refuse_alerted


@dataclass(frozen=True, slots=True)
class Begun:
    """A send that was begun, and what it comes to; no plan where another process had begun it before."""

    send: Send
    plan: Plan | None


def existing(prepared: PreparedSend, *, again: bool = False, edited: bool = False) -> Send | None:
    """Return the send to go on with, if there is one; PlanRefused if the issue was edited since.

    What dead workers left is settled first.
    `again`: one that is finished is not gone on with. `edited`: that it was is known, and the send goes on
    with the text that it has.
    """
    sending, job = prepared.sending, prepared.job
    sending.dispatcher.recover(prepared.app.now())
    send = sending.ledger.find(job.issue.slug, job.audience)
    if send is None:
        return None
    finished = not report_on(prepared.app, send).totals.open
    if again and finished:
        return None
    # One that was cancelled never goes on: that is what is to be said, not that its text is another one.
    same = send.revision == job.template.revision
    if not (same or edited or send.halted is Halt.CANCELLED):
        raise PlanRefused(
            f"{_other_text(job, send)}: "
            f"the send is rev {send.revision[:12]}, now it would be rev {job.template.revision[:12]}",
            next_step=_what_of_the_edit(send, prepared.named, finished=finished),
        )
    return send


def _other_text(job: Job, send: Send) -> str:
    """Return why the text may be another one than the send has."""
    first = job.lists[0]
    if first.changed_at and first.changed_at > send.created_at:
        return (
            f"the list {first.name} was set anew ({local(first.changed_at)}) since the send of "
            f"{job.issue.slug} to {job.audience} began, or the issue was edited"
        )
    return (
        f"{job.issue.slug} was edited since its send to {job.audience} began, or its sender or "
        "layout was, or mailer itself is another version"
    )


def changed_segments(prepared: PreparedSend, send: Send) -> list[str]:
    """Return which segments are others by now than the send keeps, in a sentence each."""
    if prepared.unfit:
        return [f"{prepared.unfit.problem} now; {send.label} keeps the people whom it had"]
    now = {each.asked: each.definition for each in prepared.job.audience.kept}
    return [
        f"the segment {each.asked} was changed since; {send.label} keeps the people whom it had"
        for each in send.audience.kept
        if now[each.asked] != each.definition
    ]


def refuse_unfit(
    prepared: PreparedSend, *, again: bool = False, force: bool = False, draft: bool = False
) -> None:
    """Raise PlanRefused for an issue that must not be begun as it stands.

    That is one to a list that is put away, one that was sent by another name, unless it is to go out `again`,
    and one with errors (see `PreparedSend.refuse_errors`). Raises what makes it `unfit` for a new send, too.
    """
    if prepared.unfit:
        raise prepared.unfit
    _refuse_archived(prepared)
    _refuse_step(prepared.job.issue)
    if not again:
        refuse_renamed(prepared)
    prepared.refuse_errors(force=force, draft=draft)


def _refuse_step(issue: Issue) -> None:
    """Raise IssueError for a step of a sequence: it would go at once, and to others."""
    for key in OF_STEPS:
        if line := issue.field_lines.get(key):
            raise IssueError(
                issue.path,
                line,
                f"{key}: is for a step of a sequence, which goes to each when it is due",
                next_step=f"Take {key} out of the issue; for a part of the list: segment: S, or --segment S",
            )


def plan(
    prepared: PreparedSend,
    *,
    again: bool = False,
    force: bool = False,
    local: LocalTime | None = None,
    rollout: Rollout | None = None,
) -> Plan:
    """Count who would get it and prove each message, recording nothing. Raises what `begin` does."""
    refuse_unfit(prepared, again=again, force=force)
    return prepared.sending.plan(prepared.job, again=again, local=local, rollout=rollout)


def begin(
    prepared: PreparedSend,
    *,
    again: bool = False,
    force: bool = False,
    limited_by: str | None = None,
    local: LocalTime | None = None,
    rollout: Rollout | None = None,
    watch: Watch = unwatched,
) -> Begun:
    """Freeze the audience and prove each of its messages; nothing is sent yet.

    PlanRefused leaves nothing behind: where `refuse_unfit` refuses, for a send that a person halted, an issue
    that was edited or sent after the backup that was restored, and where nobody or not everybody can get it.
    With a `local` time each gets it when it is that where they are, with a `rollout` in stages. `watch` shows
    how the proof of a large audience proceeds. The clock leaves a send alone that is `limited_by` an option.
    AtWork while another process begins one.
    """
    with turn_to_begin(prepared):
        return begin_in_turn(
            prepared,
            again=again,
            force=force,
            limited_by=limited_by,
            local=local,
            rollout=rollout,
            watch=watch,
        )


@contextmanager
def turn_to_begin(prepared: PreparedSend) -> Iterator[None]:
    """Keep every other process from beginning a send, for the block; AtWork while one does."""
    with prepared.app.at_work(), prepared.sending.dispatcher.beginning():
        yield


def begin_in_turn(
    prepared: PreparedSend,
    *,
    again: bool = False,
    force: bool = False,
    limited_by: str | None = None,
    local: LocalTime | None = None,
    rollout: Rollout | None = None,
    watch: Watch = unwatched,
) -> Begun:
    """Do what `begin` does, for one who has the turn."""
    sending, job = prepared.sending, prepared.job
    # Whoever froze these died before they were proved, else it would still be their turn.
    sending.ledger.discard_unproved()
    if send := existing(prepared, again=again):
        refuse_halted(send, report_on(prepared.app, send).totals)
        return Begun(send, None)
    refuse_unfit(prepared, again=again, force=force)
    refuse_alerted(prepared.app)
    if not again:
        _refuse_forgotten(prepared)
    now = prepared.app.now()
    send, plan = sending.freeze(
        job, now, again=again, limited_by=limited_by, local=local, rollout=rollout, watch=watch
    )
    if warning := archive_text(prepared.app, job, send):
        plan.warnings.append(warning)
    return Begun(send, plan)


def _refuse_archived(prepared: PreparedSend) -> None:
    for each in prepared.job.lists:
        if each.archived_at:
            raise PlanRefused(
                f"the list {each.name} is archived: nothing is sent to it",
                next_step=f"To take it up again: mailer lists archive {each.name} --undo",
            )


def _refuse_forgotten(prepared: PreparedSend) -> None:
    """Raise PlanRefused for an issue sent after the backup that this database comes from."""
    for about in prepared.sending.dispatcher.recover(prepared.app.now()).unknown:
        if about.slug == prepared.job.issue.slug:
            raise PlanRefused(
                f"{about.slug} was sent on {about.created_at[:10]}, after the backup that this database "
                "comes from: who got it is not known here",
                next_step="To send it to everyone all the same, add --again.",
            )


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
