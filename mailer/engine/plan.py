"""Before anything is sent: the issue compiled, the audience counted, every recipient's render proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailer.compose.operations import CannotFill
from mailer.compose.template import MessageTemplate
from mailer.domain.audience import Audience
from mailer.domain.recipient import Recipient
from mailer.engine.correspondence import Correspondence
from mailer.errors import PlanRefused

EXAMPLES = 3  # addresses named for each problem
KINDS = 20  # problems told apart

# Gmail shows no more than this of a message's HTML and hides the rest, the unsubscribe link with it.
CLIPPED_AT = 102_400
WARN_FROM = 80 * 1024


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
    """Run every hole and branch for every recipient; return how many there are.

    Raises PlanRefused (exit 3) that says what is missing, for how many and for whom, once all were tried.
    """
    problems: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    next_step: str | None = None
    total = 0
    for recipient in recipients:
        total += 1
        try:
            template.fillings(correspondence.names(recipient, 0))
        except CannotFill as error:
            problem = error.problem if error.problem in counts or len(counts) < KINDS else "something else"
            next_step = next_step or error.next_step
            counts[problem] += 1
            if len(examples := problems.setdefault(problem, [])) < EXAMPLES:
                examples.append(recipient.email)
    if counts:
        raise PlanRefused(
            "\n".join(_refusals(slug, total, counts, problems)),
            next_step=next_step or "Correct the subscribers' values or the issue.",
        )
    return total


def _refusals(slug: str, total: int, counts: Counter[str], problems: dict[str, list[str]]) -> Iterator[str]:
    yield f"{slug} can't be rendered for everyone; nothing was sent:"
    for problem, count in counts.most_common():
        more = ", ..." if count > len(problems[problem]) else ""
        yield f"  {problem}: {count:,} of {total:,} ({', '.join(problems[problem])}{more})"


def check_size(html_octets: int, *, force: bool) -> list[str]:
    """Return a warning for HTML that comes near Gmail's limit; PlanRefused beyond it, unless forced."""
    if html_octets <= WARN_FROM:
        return []
    if html_octets <= CLIPPED_AT or force:
        return [f"the HTML is {html_octets:,} octets; Gmail cuts it off at {CLIPPED_AT:,}"]
    raise PlanRefused(
        f"the HTML is {html_octets:,} octets; Gmail cuts it off at {CLIPPED_AT:,}, and the footer with it",
        next_step="Shorten the issue, or send it anyway with --force.",
    )


def split(candidates: Iterable[tuple[Recipient, str | None]], excluded: Counter[str]) -> Iterator[Recipient]:
    """Yield those who get the issue, counting the others' reasons in `excluded`."""
    for recipient, reason in candidates:
        if reason is None:
            yield recipient
        else:
            excluded[reason] += 1
