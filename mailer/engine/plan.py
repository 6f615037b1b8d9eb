"""Before anything is sent: the issue compiled, the audience counted, every recipient's render proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailer.domain.audience import Audience, Recipient, excluded_in_words
from mailer.domain.page import Page
from mailer.domain.rollout import Rollout
from mailer.engine.personaliser import Personaliser
from mailer.errors import PlanRefused
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate

EXAMPLES = 3  # addresses named for each problem
KINDS = 20  # problems told apart
TIMES = 12  # at which parts of it go, that are named


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
    departures: dict[datetime, int] = field(default_factory=dict)  # how many get it when, if not all at once
    rollout: Rollout | None = None

    def text(self) -> str:
        """Return the plan as a person reads it before saying yes."""
        total = sum(self.excluded.values())
        why = excluded_in_words(self.excluded)
        lines = [
            f"{self.slug} · rev {self.revision[:6]} · {self.audience}",
            f"  subject   {self.subject}",
            f"  audience  {self.recipients:,}   excluded {total:,}" + (f" ({why})" if why else ""),
        ]
        lines += [f"  goes      {time}" for time in self._times()]
        lines += [f"  {line}" for line in self.rollout.lines(self.recipients)] if self.rollout else []
        return "\n".join(lines + [f"  warning   {warning}" for warning in self.warnings])

    def _times(self) -> Iterator[str]:
        soonest = list(self.departures.items())[:TIMES]
        for at, people in soonest:
            yield f"{at:%a %Y-%m-%d %H:%M} UTC  {people:,}"
        if later := sum(list(self.departures.values())[TIMES:]):
            yield f"later  {later:,}, until {max(self.departures):%a %Y-%m-%d %H:%M} UTC"


def prove(template: MessageTemplate, personaliser: Personaliser, pages: Iterable[Page], slug: str) -> int:
    """Find out whether every hole and branch can be filled for every recipient; return how many there are.

    Raises PlanRefused (exit 3) that says what is missing, for how many and for whom, once all were tried.
    """
    return refuse_refused(refusals_of(template, personaliser, pages), slug)


def refuse_refused(refusals: Refusals, slug: str) -> int:
    """Return how many were tried; PlanRefused, as `prove` raises it, if anybody was refused."""
    if refusals.counts:
        raise PlanRefused(
            "\n".join(refusals.lines(slug)),
            next_step=next(filter(None, refusals.next_steps.values()), None)
            or "Correct the subscribers' values or the issue.",
        )
    return refusals.total


def refusals_of(template: MessageTemplate, personaliser: Personaliser, pages: Iterable[Page]) -> Refusals:
    """Try to fill every hole and branch for every recipient, and return for whom it can't be done.

    Whoever passes the template's screen is certain; of any other each message is filled.
    """
    refusals = Refusals()
    for page in pages:
        # The first of each page is filled whatever the screen says: it stands for what is the same for all.
        doubtful = {0} | template.screen.doubtful(page) if template.screen else range(len(page))
        for recipient in page.recipients(sorted(doubtful)):
            try:
                template.fillings(personaliser.names(recipient, 0, pages=template.pages))
            except CannotFill as error:
                refusals.add(error, recipient)
        refusals.total += len(page)
    return refusals


@dataclass(slots=True)
class Refusals:
    """Why an issue can't be filled for some, counted by the problem, with some of those whom it concerns.

    `total` is how many were tried; `next_steps` are by problem.
    """

    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    next_steps: dict[str, str | None] = field(default_factory=dict)
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, error: CannotFill, recipient: Recipient) -> None:
        """Count one who can't be filled."""
        known = error.problem in self.counts or len(self.counts) < KINDS
        problem = error.problem if known else "something else"
        self.next_steps.setdefault(problem, error.next_step)
        self.counts[problem] += 1
        if len(examples := self._examples.setdefault(problem, [])) < EXAMPLES:
            examples.append(recipient.email)

    def take_in(self, later: Refusals) -> None:
        """Count those, too, who were tried after these."""
        self.total += later.total
        for problem, count in later.counts.items():
            known = problem in self.counts or len(self.counts) < KINDS
            named = problem if known else "something else"
            self.next_steps.setdefault(named, later.next_steps[problem])
            self.counts[named] += count
            examples = self._examples.setdefault(named, [])
            examples += later._examples[problem][: EXAMPLES - len(examples)]

    def data(self) -> dict[str, Any]:
        """Return them as JSON takes them."""
        return {
            "total": self.total,
            "counts": dict(self.counts),
            "next_steps": self.next_steps,
            "examples": self._examples,
        }

    @classmethod
    def read(cls, data: dict[str, Any]) -> Refusals:
        """Return them from what `data` made of them."""
        return cls(data["total"], Counter(data["counts"]), data["next_steps"], data["examples"])

    def said(self) -> Iterator[tuple[str, str | None]]:
        """Yield what is wrong with how many, and what to do."""
        for problem, count in self.counts.most_common():
            yield f"{problem}: {count:,} of {self.total:,}", self.next_steps[problem]

    def lines(self, slug: str) -> Iterator[str]:
        """Yield the same for a person, with some of whom it concerns."""
        yield f"{slug} can't be rendered for everyone; nothing was sent:"
        for (problem, count), (said, _) in zip(self.counts.most_common(), self.said(), strict=True):
            more = ", ..." if count > len(self._examples[problem]) else ""
            yield f"  {said} ({', '.join(self._examples[problem])}{more})"


def split(candidates: Iterable[tuple[Recipient, str | None]], excluded: Counter[str]) -> Iterator[Recipient]:
    """Yield those who get the issue, counting the others' reasons in `excluded`."""
    for recipient, reason in candidates:
        if reason is None:
            yield recipient
        else:
            excluded[reason] += 1
