"""A send rehearsed: messages to one's own address, or every message made and none sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailer.domain.address import Address
from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain, Untried
from mailer.engine.plan import split
from mailer.engine.stopping import run_until_stopped
from mailer.engine.trial import marked, send_tests, stand_in, write_files
from mailer.errors import ExitCode, UsageError
from mailer.private import open_to_others
from mailer.services.prepare import PreparedSend


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
    job = sending.compiler.prepare(marked(job.issue), job.audience, job.lists)
    personaliser = sending.compiler.trial(job)
    example = app.proofs.reader(job)
    recipients = [stand_in(address, app.directory.person(address.key), example) for address in addresses]
    outcomes = run_until_stopped(
        lambda stop: send_tests(job.template, personaliser, recipients, app.smtp_account, stop)
    )
    return [TrialMail(address, outcome) for address, outcome in zip(addresses, outcomes, strict=True)]


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
    """Make every message that a send would, and write them to `folder` if there is one; record nothing."""
    sending, job = prepared.sending, prepared.job
    recipients = split(sending.ledger.preview(job.issue.slug, job.audience, again=again), Counter())
    made = octets = 0
    for size in write_files(job.template, sending.compiler.trial(job), recipients, folder):
        made, octets = made + 1, octets + size
        progress(1)
    written = folder if made else None
    return DryRun(octets, written, open_to_others=written is not None and open_to_others(written))
