"""An issue whose file was renamed after it was sent: by its new name nobody has it, though everyone does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mailer.compose.issue.source import issue_files, slug_of
from mailer.domain.send import Send
from mailer.engine.compiler import Job
from mailer.engine.sending import Sending
from mailer.engine.standing import issue_command, local
from mailer.errors import PlanRefused
from mailer.message.expression.operations import CannotFill
from mailer.services.prepare import PreparedSend
from mailer.services.report import report_on


def refuse_renamed(prepared: PreparedSend) -> None:
    """Raise PlanRefused where an issue went to one of its lists by a name that no file in issues/ has now.

    That is: with the same subject, and either in the same words or not to all as yet.
    """
    sending, job = prepared.sending, prepared.job
    if sending.ledger.find(job.issue.slug, job.audience):
        return
    for send in _nameless(sending, job, prepared.app.root / "issues"):
        report = report_on(prepared.app, send)
        if report.totals.open or _same_words(sending, job, send):
            once_more = issue_command(prepared.named, job.audience, job.subject_put, "--again")
            what = "is no file's name now"
            step = f"If the file was renamed, name it so in its front matter: slug: {send.slug}"
            step += f"\n  next: else send it all the same: {once_more}"
            if send.kind.lasts:
                what = "goes to one reader after the other"
                step = f"To send it to everybody all the same: {once_more}"
            raise PlanRefused(
                f"{job.issue.slug} looks like {send.slug}, which went to {send.audience} on "
                f"{local(send.created_at)} ({report.got_it}) and {what}",
                next_step=step,
            )


def _nameless(sending: Sending, job: Job, issues: Path) -> Iterator[Send]:
    """Yield the sends to a list of the job's, with its subject, that no file belongs to, latest first."""
    lists = set(job.audience.lists)
    alike = [
        send
        for send in sending.ledger.sends()
        if send.subject == job.subject and lists.intersection(send.audience.lists) and not send.corrects
    ]
    if alike:
        names = {slug_of(file) for file in issue_files(issues)} | {job.issue.slug}
        yield from (send for send in reversed(alike) if send.slug not in names)


def _same_words(sending: Sending, job: Job, send: Send) -> bool:
    """Whether both have the same text part, for the first reader of the send who can be filled in."""
    with suppress(PlanRefused):  # a text that was lost with what came after a backup
        before = sending.dispatcher.template(send, send.number)
        personaliser = sending.compiler.trial(job)
        for reader in sending.ledger.frozen(send):
            with suppress(CannotFill):
                names = personaliser.names(reader, 0)
                return before.text(names) == job.template.text(names)
    return False
