"""Before anything is sent: the issue compiled, the audience counted, every recipient's render proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from mailer.compose.mime.template import MessageTemplate
from mailer.compose.symbolic.operations import CannotFill
from mailer.domain.audience import Audience
from mailer.domain.recipient import Recipient
from mailer.engine.correspondence import Correspondence, wire_address
from mailer.errors import PlanRefused

EXAMPLES = 3  # addresses named for each problem
KINDS = 20  # problems told apart
PAGE = 500  # recipients looked at together


@dataclass(slots=True)
class Plan:
    """What a send would come to. `excluded` counts candidates by the reason why they don't get it."""

    slug: str
    subject: str
    revision: str
    audience: Audience
    recipients: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the plan as a person reads it before saying yes."""
        total = sum(self.excluded.values())
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.excluded.items()))
        lines = [
            f"{self.slug} · rev {self.revision[:6]} · {self.audience}",
            f"  subject   {self.subject}",
            f"  audience  {self.recipients:,}   excluded {total:,}" + (f" ({why})" if why else ""),
        ]
        return "\n".join(lines + [f"  warning   {warning}" for warning in self.warnings])


def prove(
    template: MessageTemplate, correspondence: Correspondence, recipients: Iterable[Recipient], slug: str
) -> int:
    """Find out whether every hole and branch can be filled for every recipient; return how many there are.

    A page that passes the template's screen is certain; of any other each recipient's is run.

    Raises PlanRefused (exit 3) that says what is missing, for how many and for whom, once all were tried.
    """
    refusals, total = Refusals(), 0
    people = iter(recipients)
    while page := list(islice(people, PAGE)):
        # The first of each page is filled whatever the screen says: it stands for what is the same for all.
        certain = _certain(template, page)
        for recipient in page[:1] if certain else page:
            try:
                template.fillings(correspondence.names(recipient, 0))
            except CannotFill as error:
                refusals.add(error, recipient)
        total += len(page)
    if refusals.counts:
        raise PlanRefused(
            "\n".join(refusals.lines(slug, total)),
            next_step=refusals.next_step or "Correct the subscribers' values or the issue.",
        )
    return total


def _certain(template: MessageTemplate, page: Sequence[Recipient]) -> bool:
    return template.screen is not None and template.screen.passes(
        [recipient.values() for recipient in page],
        "".join([recipient.name or "" for recipient in page]),
        [wire_address(recipient.email) for recipient in page],
    )


@dataclass(slots=True)
class Refusals:
    """Why an issue can't be filled for some, counted by the problem, with some of those whom it concerns."""

    counts: Counter[str] = field(default_factory=Counter)
    next_step: str | None = None
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, error: CannotFill, recipient: Recipient) -> None:
        """Count one who can't be filled."""
        known = error.problem in self.counts or len(self.counts) < KINDS
        problem = error.problem if known else "something else"
        self.next_step = self.next_step or error.next_step
        self.counts[problem] += 1
        if len(examples := self._examples.setdefault(problem, [])) < EXAMPLES:
            examples.append(recipient.email)

    def lines(self, slug: str, total: int) -> Iterator[str]:
        """Yield what is wrong with how many, for a person."""
        yield f"{slug} can't be rendered for everyone; nothing was sent:"
        for problem, count in self.counts.most_common():
            more = ", ..." if count > len(self._examples[problem]) else ""
            yield f"  {problem}: {count:,} of {total:,} ({', '.join(self._examples[problem])}{more})"


def split(candidates: Iterable[tuple[Recipient, str | None]], excluded: Counter[str]) -> Iterator[Recipient]:
    """Yield those who get the issue, counting the others' reasons in `excluded`."""
    for recipient, reason in candidates:
        if reason is None:
            yield recipient
        else:
            excluded[reason] += 1
