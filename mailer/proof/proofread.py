"""From a compiled issue to what `mailer.check` finds in it: before it is sent, and wherever it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice, product
from shlex import quote
from typing import TYPE_CHECKING, Any

from mailer.check.addressees import UNFILLABLE
from mailer.check.examine import examine
from mailer.check.finding import Finding, Severity
from mailer.check.rendered import RenderedMail
from mailer.domain.audience import Recipient
from mailer.domain.field import FieldType
from mailer.domain.subscriber import OWN_FIELDS, SubscriberList
from mailer.engine.plan import refusals_of
from mailer.errors import PlanRefused
from mailer.message.expression.operations import CannotFill

if TYPE_CHECKING:
    from mailer.domain.audience import Audience
    from mailer.domain.issue import Issue
    from mailer.engine.compiler import Compiler, Composition
    from mailer.engine.personaliser import Personaliser
    from mailer.engine.sending import Job, Sending
    from mailer.ledger.ledger import Ledger
    from mailer.message.mime.template import MessageTemplate

TRIED = 20  # recipients; with the first who can get the issue it is looked at
MADE_UP = 100  # readers, where there is nobody
NAMELESS = SubscriberList(0, "newsletter", "Newsletter")  # where there is no list yet
KINDS_OF_VALUES: tuple[object, ...] = ("Ada", 7, ["Ada"], "2026-11-22")


@dataclass(frozen=True, slots=True)
class Census:
    """Of those who would get an issue: how many they are, how many have a value for each field it uses.

    `texts` are what the fields hold that an `if` hangs on, as far as it is text, each with how often.
    `types` are the fields' types, where one is compared with a text. `refusals` say for how many it can't be
    filled and why, where that was tried.
    """

    recipients: int = 0
    values: Mapping[str, int] | None = None
    texts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    refusals: tuple[tuple[str, str | None], ...] = ()


def census(ledger: Ledger, issue: Issue, audience: Audience, template: MessageTemplate) -> Census:
    """Count those who would get `issue`; nothing is tried."""
    if not template.uses:
        return Census()
    free = sorted(template.decides.keys() - set(OWN_FIELDS))
    texts = ledger.texts(issue.slug, audience, free) if free else {}
    types = ledger.field_types() if template.compares else {}
    return Census(*ledger.values(issue.slug, audience, template.uses), texts, types)


def tried(
    counted: Census, template: MessageTemplate, personaliser: Personaliser, people: Iterable[Recipient]
) -> Census:
    """Return the census with what comes of trying to fill the issue for each of `people`."""
    return replace(counted, refusals=tuple(refusals_of(template, personaliser, people).said()))


def rendered_mail(
    compiler: Compiler,
    issue: Issue,
    composed: Composition,
    personaliser: Personaliser,
    recipient: Recipient,
    *,
    public: bool,
    known: Census | None = None,
    missing_lists: tuple[str, ...] = (),
) -> RenderedMail:
    """Return the sheet of `issue` as `recipient` gets it; raises CannotFill where they can't get it."""
    names, known = personaliser.names(recipient, 0), known or Census()
    template, body = composed.template, composed.body
    return RenderedMail(
        issue=issue,
        html=template.html(names),
        text=template.text(names),
        subject=template.subject(names),
        octets=template.html_size(names),
        body=body,
        unsubscribe_url=names["unsubscribe_url"],
        postal_address=compiler.postal_address,
        public=public,
        uses={name: name in template.requires for name in template.uses},
        values=known.values,
        recipients=known.recipients,
        decides=template.decides,
        texts=known.texts,
        compares={
            name: (known.types[name], text) for name, text in template.compares.items() if name in known.types
        },
        refusals=known.refusals,
        missing_lists=missing_lists,
        own_layout=has_own_layouts(compiler),
    )


def proofread(sending: Sending, job: Job) -> list[Finding]:
    """Return what check finds in a job as one of its recipients gets it, but for what the plan tries.

    Nothing where nobody can get it: the plan, which tries everyone, says that in the same words.
    """
    personaliser = sending.personaliser(job)
    reader = first_reader(job.template, personaliser, islice(getting(sending, job), TRIED))
    if reader is None:
        return []
    known = census(sending.ledger, job.issue, job.audience, job.template)
    if not all((known.values or {}).values()):
        # Whether a field that nobody has is a warning only, those who would get the issue tell.
        known = tried(known, job.template, personaliser, getting(sending, job))
    public = not sending.dispatcher.account.loopback
    mail = rendered_mail(
        sending.compiler, job.issue, job.composed, personaliser, reader, public=public, known=known
    )
    return [finding for finding in examine(mail) if finding.rule != UNFILLABLE]


def getting(sending: Sending, job: Job) -> Iterator[Recipient]:
    """Yield those who get a job, whether they got it before or not."""
    candidates = sending.ledger.preview(job.issue.slug, job.audience, again=True)
    return (recipient for recipient, reason in candidates if reason is None)


def has_own_layouts(compiler: Compiler) -> bool:
    """Return whether the workspace has mail templates of its own, which win over the bundled ones."""
    return len(compiler.folders) > 1 and any((compiler.folders[0] / "email").rglob("*.html"))


def first_reader(
    template: MessageTemplate, personaliser: Personaliser, people: Iterable[Recipient]
) -> Recipient | None:
    """Return the first of `people` who can get the issue, else somebody made up who can, else None."""
    for reader in chain(people, _made_up(template)):
        try:
            template.fillings(personaliser.names(reader, 0))
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
            yield f"  {place(finding)}: {finding.said} ({finding.rule})"


def place(finding: Finding) -> str:
    """Return file and line as editors and terminals take them."""
    return f"{finding.path}:{finding.line}" if finding.line else finding.path


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON data; docs/check.md describes it."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": finding.path,
        "line": finding.line,
        "text": finding.text,
        "hint": finding.hint,
        "places": [{"line": place.line, "text": place.text} for place in finding.places],
    }


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
