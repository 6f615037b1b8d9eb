"""A specimen: the message that one subscriber would get, made by the same steps as a send."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property

from mailer.bootstrap import App
from mailer.check.examine import examine
from mailer.check.finding import Finding
from mailer.domain.audience import Audience, Recipient
from mailer.domain.issue import Issue
from mailer.engine.personaliser import Personaliser
from mailer.engine.trial import message_to
from mailer.errors import PlanRefused
from mailer.message.expression.operations import CannotFill
from mailer.proof.compiled import CompiledIssue
from mailer.proof.proofread import Census, census, first_reader, rendered_mail, tried
from mailer.proof.readers import choose_reader, made_up
from mailer.viewer.frame import whole_page
from mailer.viewer.headers import header_fields
from mailer.viewer.reading import MailReading, read

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


def make_sample(app: App, compiled: CompiledIssue, typed: str = "") -> Sample:
    """Return what the reader gets whom `typed` means (see `choose_reader`).

    Raises UsageError for what means nobody, PlanRefused where this reader's values don't fit the issue.
    """
    issue, template, lists = compiled.issue, compiled.template, compiled.lists
    personaliser = app.compiler.personaliser(0, lists[0].id, template.revision)

    def example() -> Recipient:
        made = made_up(template.uses, app.settings.language)
        return first_reader(template, personaliser, [made]) or made

    reader, known = choose_reader(app, typed, [each.id for each in lists], example)
    try:
        content = message_to(reader, template, personaliser, time.time())
    except CannotFill as error:
        raise _refusal(issue, reader, error) from None
    known_of, untried = _census(app, compiled, personaliser)
    mail = rendered_mail(
        app.compiler,
        issue,
        compiled.composed,
        personaliser,
        reader,
        public=not app.smtp_account.loopback,
        known=known_of,
        missing_lists=tuple(each.name for each in lists if not each.id and each.name in issue.lists),
    )
    found, remarks = tuple(examine(mail)), (*compiled.remarks, *untried)
    return Sample(issue, reader, known, content, mail.preheader, mail.octets, found, remarks)


def _census(
    app: App, compiled: CompiledIssue, personaliser: Personaliser
) -> tuple[Census | None, tuple[str, ...]]:
    """Return what is known of those who would get it, and a remark where not all of them were tried."""
    there, template = [each for each in compiled.lists if each.id], compiled.template
    if not there or not template.uses:
        return None, ()
    audience = Audience(tuple(each.name for each in there))
    known = census(app.ledger, compiled.issue, audience, template)
    if known.recipients > MOST_TRIED:
        remark = f"Not tried for each of the {known.recipients:,} subscribers: mailer check does that"
        return known, (remark,)
    people = app.ledger.preview(compiled.issue.slug, audience, again=True)
    getting = (person for person, reason in people if reason is None)
    return tried(known, template, personaliser, getting), ()


def _refusal(issue: Issue, reader: Recipient, error: CannotFill) -> PlanRefused:
    return PlanRefused(
        f"{issue.path} can't be rendered for {reader.email}: {error.problem}",
        next_step=error.next_step or "Correct the subscriber's values or the issue.",
    )
