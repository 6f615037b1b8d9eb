"""From a compiled issue to what `mailer.check` finds in it: before it is sent, and wherever it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, product
from typing import TYPE_CHECKING

from mailer.check.examine import examine
from mailer.check.finding import Finding, Severity
from mailer.check.sheet import Sheet
from mailer.compose.symbolic.operations import CannotFill
from mailer.domain.recipient import Recipient
from mailer.domain.subscriber import OWN_FIELDS, SubscriberList
from mailer.errors import PlanRefused

if TYPE_CHECKING:
    from mailer.compose.mime.template import MessageTemplate
    from mailer.domain.issue import Issue, Notice
    from mailer.engine.correspondence import Correspondence
    from mailer.engine.press import Composition, Press
    from mailer.engine.sending import Job, Sending

TRIED = 20  # recipients; with the first who can get the issue it is looked at
MADE_UP = 100  # readers, where there is nobody
NAMELESS = SubscriberList(0, "newsletter", "Newsletter")  # where there is no list yet
KINDS_OF_VALUES: tuple[object, ...] = ("Ada", 7, ["Ada"], "2026-11-22")


def sheet_of(
    issue: Issue,
    composed: Composition,
    correspondence: Correspondence,
    recipient: Recipient,
    *,
    postal_address: str,
    public: bool,
    notices: tuple[Notice, ...] = (),
    values: Mapping[str, int] | None = None,
    recipients: int = 0,
    missing_lists: tuple[str, ...] = (),
    own_layout: bool = True,
) -> Sheet:
    """Return the sheet of `issue` as `recipient` gets it; raises CannotFill where they can't get it."""
    names = correspondence.names(recipient, 0)
    template, body = composed.template, composed.body
    return Sheet(
        issue=issue,
        html=template.html(names),
        text=template.text(names),
        subject=template.subject(names),
        octets=template.html_size(names),
        body=body,
        unsubscribe_url=names["unsubscribe_url"],
        postal_address=postal_address,
        public=public,
        notices=(*notices, *body.notices),
        uses={name: name in template.requires for name in template.uses},
        values=values,
        recipients=recipients,
        missing_lists=missing_lists,
        own_layout=own_layout,
    )


def proofread(sending: Sending, job: Job) -> list[Finding]:
    """Return what check finds in a job as one of its recipients gets it.

    Nothing where nobody can get it: that is for the plan to say, which tries everyone.
    """
    candidates = sending.ledger.preview(job.issue.slug, job.audience, again=True)
    people = [recipient for recipient, reason in islice(candidates, TRIED) if reason is None]
    correspondence = sending.correspondence(job)
    reader = first_reader(job.template, correspondence, people)
    if reader is None:
        return []
    return examine(
        sheet_of(
            job.issue,
            job.composed,
            correspondence,
            reader,
            postal_address=sending.press.postal_address,
            public=not sending.dispatcher.account.loopback,
            own_layout=has_own_layouts(sending.press),
        )
    )


def has_own_layouts(press: Press) -> bool:
    """Return whether the workspace has mail templates of its own, which win over the bundled ones."""
    return len(press.folders) > 1 and any((press.folders[0] / "email").rglob("*.html"))


def first_reader(
    template: MessageTemplate, correspondence: Correspondence, people: Iterable[Recipient]
) -> Recipient | None:
    """Return the first of `people` who can get the issue, else somebody made up who can, else None."""
    for reader in chain(people, _made_up(template)):
        try:
            template.fillings(correspondence.names(reader, 0))
        except CannotFill:
            continue
        return reader
    return None


def _made_up(template: MessageTemplate) -> Iterator[Recipient]:
    """Yield readers who have a value for whatever the issue uses, of one kind and another."""
    names = sorted(template.uses - set(OWN_FIELDS))
    for values in islice(product(KINDS_OF_VALUES, repeat=len(names)), MADE_UP):
        fields = dict(zip(names, values, strict=True))
        yield Recipient(0, "ada@mail.example", "Ada", "en", "UTC", ("harbour",), fields)


def count_values(people: Iterable[Recipient], names: Iterable[str]) -> tuple[dict[str, int], int]:
    """Return how many of `people` have a value for each of the fields `names`, and how many they are."""
    having: Counter[str] = Counter()
    total = 0
    wanted = frozenset(names)
    for person in people:
        total += 1
        having.update(wanted & person.values().keys())
    return dict(having), total


def refuse_errors(named: str, findings: Iterable[Finding]) -> None:
    """Raise PlanRefused if there is an error among `findings` of the issue that is called `named`."""
    if errors := list(errors_in(findings)):
        raise PlanRefused(
            "\n".join([f"{named} is not fit to be sent; nothing was sent:", *errors]),
            next_step=f"Correct it, or add --force to send it as it is. All about it: mailer check {named}",
        )


def errors_in(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the errors among `findings`, a line each."""
    for finding in findings:
        if finding.severity is Severity.ERROR:
            yield f"  {place(finding)}: {finding.text} ({finding.rule})"


def place(finding: Finding) -> str:
    """Return file and line as editors and terminals take them."""
    return f"{finding.path}:{finding.line}" if finding.line else finding.path


def counted(findings: Iterable[Finding], *severities: Severity) -> str:
    """Return how many there are of each severity: `2 errors, 1 warning, 3 advice`; empty if none."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{counts[severity]} {severity}{'s' if _takes_plural(severity, counts[severity]) else ''}"
        for severity in severities or Severity
        if counts[severity]
    )


def _takes_plural(severity: Severity, count: int) -> bool:
    return count != 1 and severity is not Severity.ADVICE
