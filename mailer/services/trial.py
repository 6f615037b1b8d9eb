"""A send tried without a ledger: messages to one's own address, or every message made and none sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailer.domain.address import Address
from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Stage, Uncertain, Untried
from mailer.engine.personaliser import wire_address
from mailer.engine.plan import split
from mailer.engine.stopping import run_until_stopped
from mailer.errors import ExitCode, UsageError
from mailer.private import open_to_others, private_folder, write_private
from mailer.proof.readers import nobodys, stand_in
from mailer.proof.sample import message_to
from mailer.services.prepare import PreparedSend
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

NOT_SENT = Untried("stopped before it was sent", Stage.CONNECT)


@dataclass(frozen=True, slots=True)
class TrialMail:
    """A message that was sent to try it, and what became of it."""

    address: Address
    outcome: Outcome

    def result(self) -> tuple[str, ExitCode]:
        """Return what the server answered, and the exit code of the contract for this one alone."""
        match self.outcome:
            case Accepted(reply):
                return f"accepted: {reply}", ExitCode.COMPLETE
            case Deferred(reply):
                return f"deferred: {reply}", ExitCode.AGAIN
            case Rejected(reply):
                return f"refused: {reply}", ExitCode.FAILURES
            case Uncertain(reason):
                return f"uncertain: {reason}", ExitCode.UNCERTAIN
            case Untried(reason):
                return f"not sent: {reason}", ExitCode.AGAIN


def send_trial_mails(prepared: PreparedSend, typed: tuple[str, ...]) -> list[TrialMail]:
    """Send one message to each of these addresses, marked as a test, outside the ledger.

    It is sent whatever check finds. UsageError for what is no address, before anything is sent; Interrupted.
    """
    app, sending, job = prepared.app, prepared.sending, prepared.job
    addresses = [_address(text) for text in typed]
    # Under a subject that nobody takes for the real one's.
    job = sending.compiler.prepare(job.issue, job.audience, job.lists, f"[Test] {job.subject}")
    personaliser, moment = sending.compiler.trial(job), time.time()
    example = app.proofs.reader(job)
    recipients = [stand_in(address, app.directory.person(address.key), example) for address in addresses]
    work = Recording(
        [
            Envelope(
                key,
                personaliser.return_path,
                wire_address(recipient.email),
                message_to(recipient, job.template, personaliser, moment),
            )
            for key, recipient in enumerate(recipients)
        ]
    )
    run_until_stopped(lambda stop: deliver(work, app.smtp_account, stop))
    return [TrialMail(address, work.outcomes.get(key, NOT_SENT)) for key, address in enumerate(addresses)]


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise UsageError(f"--test {text}: {error}") from None


@dataclass(frozen=True, slots=True)
class DryRun:
    """Messages that were made in full: how many octets, and where they were written, if anywhere.

    `open_to_others`: others may look into that folder.
    """

    octets: int
    written: Path | None
    open_to_others: bool


def dry_run(
    prepared: PreparedSend, folder: Path | None, progress: Callable[[int], None], *, again: bool = False
) -> DryRun:
    """Make every message that a send would, and write them to `folder` if there is one; record nothing.

    They are their owner's alone to read, and their links lead to nobody's subscription. UsageError where
    they can't be written.
    """
    sending, job = prepared.sending, prepared.job
    personaliser, moment = sending.compiler.trial(job), time.time()
    candidates = sending.ledger.preview(job.issue.slug, job.audience, again=again)
    made = octets = 0
    for recipient in split(candidates, Counter()):
        content = message_to(nobodys(recipient), job.template, personaliser, moment)
        made, octets = made + 1, octets + len(content)
        if folder:
            _keep(folder / f"{made:06d}-{_file_name(recipient.email)}.eml", content)
        progress(1)
    written = folder if made else None
    return DryRun(octets, written, open_to_others=written is not None and open_to_others(written))


def _keep(file: Path, content: bytes) -> None:
    try:
        private_folder(file.parent)
        if file.is_symlink():
            file.unlink()  # in a folder of others it may lead to anything
        write_private(file, content)
    except OSError as error:
        raise UsageError(
            f"can't write {file}: {error.strerror}",
            next_step="Name a folder that this user may write in, and see that it has room.",
        ) from None


def _file_name(email: str) -> str:
    return "".join(c if c.isalnum() or c in "@.+-_" else "_" for c in email)[:100]
