"""A specimen: the message that one subscriber would get, made by the same steps as a send."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property

from mailer.bootstrap import App
from mailer.check.examine import examine
from mailer.check.finding import Finding
from mailer.compose.symbolic.operations import CannotFill
from mailer.domain.audience import Audience
from mailer.domain.issue import Issue
from mailer.domain.recipient import Recipient
from mailer.domain.subscriber import Status
from mailer.engine.rehearse import message_to
from mailer.errors import PlanRefused
from mailer.preview.plate import Plate
from mailer.preview.readers import choose_reader, made_up
from mailer.proofread import count_values, first_reader, has_own_layouts, sheet_of
from mailer.viewer.frame import whole_page
from mailer.viewer.headers import header_fields
from mailer.viewer.reading import Reading, read

COUNTED = 20_000  # subscribers; to count what more of them lack would keep an editor waiting


@dataclass(frozen=True)
class Specimen:
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
    def reading(self) -> Reading:
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


def make_specimen(app: App, plate: Plate, typed: str = "") -> Specimen:
    """Return what the reader gets whom `typed` means (see `choose_reader`).

    Raises UsageError for what means nobody, PlanRefused where this reader's values don't fit the issue.
    """
    issue, template, lists = plate.issue, plate.template, plate.lists
    correspondence = app.press.correspondence(0, lists[0].id, template.revision)

    def example() -> Recipient:
        made = made_up(template.uses)
        return first_reader(template, correspondence, [made]) or made

    reader, known = choose_reader(app, typed, [each.id for each in lists], example)
    try:
        content = message_to(reader, template, correspondence, time.time())
    except CannotFill as error:
        raise _refusal(issue, reader, error) from None
    values, recipients = _known_values(app, plate)
    sheet = sheet_of(
        issue,
        plate.composed,
        correspondence,
        reader,
        postal_address=app.settings.postal_address,
        public=not app.smtp_account.loopback,
        notices=plate.notices,
        values=values,
        recipients=recipients,
        own_layout=has_own_layouts(app.press),
        missing_lists=tuple(each.name for each in lists if not each.id and each.name in issue.lists),
    )
    found = tuple(examine(sheet))
    return Specimen(issue, reader, known, content, sheet.preheader, sheet.octets, found, plate.remarks)


def _known_values(app: App, plate: Plate) -> tuple[dict[str, int] | None, int]:
    """Return how many have a value for each field that the issue uses; nothing where that takes long."""
    there, uses = [each for each in plate.lists if each.id], plate.template.uses
    subscribed = sum(each.counts.get(Status.SUBSCRIBED, 0) for each in there)
    if not there or subscribed > COUNTED or not uses - {"email"}:
        return None, 0
    audience = Audience(tuple(each.name for each in there))
    people = app.ledger.preview(plate.issue.slug, audience, again=True)
    return count_values((person for person, reason in people if reason is None), uses)


def _refusal(issue: Issue, reader: Recipient, error: CannotFill) -> PlanRefused:
    return PlanRefused(
        f"{issue.path} can't be rendered for {reader.email}: {error.problem}",
        next_step=error.next_step or "Correct the subscriber's values or the issue.",
    )
