"""What is wrong with a job before it is sent: the gate that errors don't pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from shlex import quote
from typing import TYPE_CHECKING

from mailer.check.addressees import UNFILLABLE
from mailer.check.examine import examine
from mailer.check.finding import Finding, Severity
from mailer.errors import PlanRefused
from mailer.proof.proofs import Census, Proofs

if TYPE_CHECKING:
    from mailer.engine.compiler import Job
    from mailer.engine.sending import Sending


def proofread(sending: Sending, job: Job) -> list[Finding]:
    """Return what check finds in a job as one of its recipients gets it, but for what the plan tries.

    Nothing where nobody can get it: the plan, which tries everyone, says that in the same words.
    """
    proofs = Proofs(sending.compiler, sending.ledger)
    if (reader := proofs.reader(job)) is None:
        return []
    mail = proofs.mail(job, reader, proofs.census(job, _lacks_a_field))
    return [finding for finding in examine(mail) if finding.rule != UNFILLABLE]


def _lacks_a_field(census: Census) -> bool:
    """Whether nobody has some field: if that is a warning only, those who would get the issue tell."""
    return not all((census.values or {}).values())


def refuse_errors(named: str, findings: Iterable[Finding]) -> None:
    """Raise PlanRefused if there is an error among `findings` of the issue that is called `named`."""
    if errors := list(errors_in(findings)):
        raise PlanRefused(
            "\n".join([f"{named} is not fit to be sent; nothing was sent:", *errors]),
            next_step="Correct it, or add --force to send it as it is. All about it: "
            f"mailer check {quote(named)}",
        )


def errors_in(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the errors among `findings`, a line each."""
    for finding in findings:
        if finding.severity is Severity.ERROR:
            yield f"  {finding.where}: {finding.said} ({finding.rule})"
