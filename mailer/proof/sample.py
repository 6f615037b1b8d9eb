"""A sample: the message that one subscriber would get, made by the same steps as a send."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from mailer.check.examine import examine
from mailer.check.finding import Finding
from mailer.domain.audience import Recipient
from mailer.domain.issue import Issue
from mailer.engine.compiler import Job
from mailer.engine.personaliser import Personaliser
from mailer.errors import PlanRefused
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate
from mailer.proof.proofs import Census, Proofs
from mailer.proof.readers import choose_reader, example_reader
from mailer.viewer.frame import whole_page
from mailer.viewer.reading import MailReading, header_fields, read

MOST_TRIED = 10_000  # subscribers; to try more would keep an editor waiting


@dataclass(frozen=True)
class Sample:
    """`content` is the message, octet for octet; `reader` whom it is made out to.

    `known` is that person's row in the database, None for somebody who is not there. `remarks` say what
    stands in for something that there is not yet. `preheader` is what an inbox shows after the subject,
    `html_octets` the size of the HTML part once decoded.
    """

    issue: Issue
    reader: Recipient
    known: Recipient | None
    content: bytes
    preheader: str
    html_octets: int
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]

    @cached_property
    def reading(self) -> MailReading:
        """The message taken apart."""
        return read(self.content)

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """Its header fields, decoded, in their order."""
        return header_fields(self.content)

    def field(self, name: str) -> str:
        """Return the value of the first field called `name`, "" if there is none."""
        return next((value for field, value in self.fields if field.lower() == name.lower()), "")

    @property
    def html(self) -> str:
        """The HTML part, lines ending in a line feed."""
        return (self.reading.html or "").replace("\r\n", "\n")

    @property
    def whole_page(self) -> str:
        """The HTML part with its images inside, for a browser to open from a file."""
        return whole_page(self.reading).replace("\r\n", "\n")

    @property
    def text(self) -> str:
        """The text part, lines ending in a line feed."""
        return (self.reading.text or "").replace("\r\n", "\n")


def make_sample(proofs: Proofs, job: Job, typed: str = "", remarks: Iterable[str] = ()) -> Sample:
    """Return what the reader gets whom `typed` means (see `choose_reader`).

    Raises UsageError for what means nobody, PlanRefused where this reader's values don't fit the issue.
    """
    template, personaliser = job.template, proofs.compiler.trial(job)
    example = partial(example_reader, template, personaliser, proofs.compiler.language)
    reader, known = choose_reader(proofs.directory, typed, partial(proofs.first, job), example)
    try:
        content = message_to(reader, template, personaliser, time.time())
    except CannotFill as error:
        raise _refusal(job.issue, reader, error) from None
    census = proofs.census(job, _may_be_tried)
    mail = proofs.mail(job, reader, census, proofs.missing_lists(job.issue))
    return Sample(
        issue=job.issue,
        reader=reader,
        known=known,
        content=content,
        preheader=mail.preheader,
        html_octets=mail.octets,
        findings=tuple(examine(mail)),
        remarks=(*remarks, *_untried(census)),
    )


def _may_be_tried(census: Census) -> bool:
    return census.values is not None and census.recipients <= MOST_TRIED


def _untried(census: Census) -> Iterator[str]:
    if census.recipients > MOST_TRIED:
        yield f"Not tried for each of the {census.recipients:,} subscribers: mailer check does that"


def _refusal(issue: Issue, reader: Recipient, error: CannotFill) -> PlanRefused:
    return PlanRefused(
        f"{issue.path} can't be rendered for {reader.email}: {error.problem}",
        next_step=error.next_step or "Correct the subscriber's values or the issue.",
    )


def message_to(
    recipient: Recipient, template: MessageTemplate, personaliser: Personaliser, moment: float
) -> bytes:
    """Return the message as it would go out at `moment` (Unix seconds); raises CannotFill."""
    return personaliser.write(template, template.fillings(personaliser.names(recipient, moment)), moment)
