"""What one member of an account asks for, tells the others, and does with the answer. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from mailer.domain.throttle import Scope
from mailer.engine.pacing.dealing import LEASE, MARGIN, SharedAccount, Wish
from mailer.engine.pacing.pace import LimitMet
from mailer.engine.pacing.share import Grant, InUse

LUMP_SPAN = 4.0  # seconds: for so long a lump of messages lasts
LEAST_LUMP = 20
SOON = 0.1  # seconds: shorter times between two questions say nothing about the speed


class Holder(Protocol):
    """Who goes by a share: the pace of this process, or the limits of those that it forked."""

    tell: Callable[[LimitMet], None]

    @property
    def part(self) -> float:
        """The part of the account that what it found out is of."""

    def in_use(self, now: float) -> InUse:
        """Return what it has in use."""

    def grant(self, share: Grant) -> None:
        """Have this from now on."""

    def extend(self, ends: float) -> None:
        """Have until then what was granted last."""

    def hear(self, refusal: LimitMet) -> None:
        """Heed what another member was refused."""


class Counts(Protocol):
    """What the ledger has counted of an account's messages."""

    def count(self, messages: int) -> None:
        """Count more that may have been sent: nobody knows."""

    def left(self) -> int | None:
        """Return how many may go yet in this period; None: any number."""


def is_alone(others: frozenset[str] | None) -> bool:
    """Whether it is certain that there are no others."""
    return others is not None and not others


@dataclass(frozen=True, slots=True)
class Question:
    """What a member asks `at` a moment, as pacing counts the time, and what it tells the others."""

    at: float
    wish: Wish
    met: list[LimitMet]

    @property
    def urgent(self) -> bool:
        """Whether the others have to hear of it at once."""
        return bool(self.met) or self.wish.crowded is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What it is granted; what others were refused since, up to the `number`th refusal."""

    grant: Grant
    heard: list[LimitMet]
    number: int


@dataclass(slots=True)
class Asker:
    """The member `name` of an account, since a moment; `rate` and `connections` are settings' for all of it.

    `found`: how many connections there may be, as far as is known.
    """

    name: str
    since: float
    holder: Holder
    rate: float
    connections: int
    found: int | None = None

    asked: bool = False
    _met: list[LimitMet] = field(default_factory=list)
    _crowded: int | None = None
    _heard: int | None = None  # None: what was told before it came is not for it
    _sent: int = 0
    _asked_at: float = float("-inf")

    def tell(self, refusal: LimitMet) -> None:
        """Keep what was met, to tell the others with the next question."""
        if refusal.throttle.scope is Scope.CONCURRENCY:
            self._crowded = refusal.there
        else:
            self._met.append(refusal)

    def nobody_hears(self) -> None:
        """Forget what was kept to be told: whoever comes later goes by what is remembered."""
        self._met, self._crowded = [], None

    def question(self, now: float) -> Question:
        """Return what it asks now."""
        use = self.holder.in_use(now)
        speed = (use.sent - self._sent) / max(now - self._asked_at, SOON)
        lump = max(LEAST_LUMP, round(speed * LUMP_SPAN))
        wish = Wish(
            self.rate,
            use.known,
            self.connections,
            use.part,
            use.connections,
            use.out,
            max(0, lump - use.out),
            self._crowded,
            self.found,
        )
        question = Question(now, wish, self._met)
        self._met, self._crowded, self._sent, self._asked_at = [], None, use.sent, now
        return question

    def agree(
        self,
        question: Question,
        account: SharedAccount,
        counts: Counts,
        others: frozenset[str] | None,
        clock: float,
        now: float,
    ) -> Answer:
        """Return the answer, and leave in the account what others have to know, whose clock shows `clock`."""
        if lost := account.bury(self.name, clock, others):
            counts.count(lost)
        ahead = clock - now
        for met in question.met:
            account.tell(self.name, met.by_another_clock(ahead), clock)
        # Whoever was there before and never asked had all of it, until they saw us.
        young = now < self.since + LEASE
        grant = account.deal(self.name, question.wish, clock, counts.left(), others if young else None)
        heard = account.news(self.name, account.number if self._heard is None else self._heard)
        if is_alone(others) and grant.messages is None:
            account.leave(self.name)  # who has all of it asks no more
        ends = question.at + LEASE - MARGIN
        return Answer(
            replace(grant, ends=ends), [met.by_another_clock(-ahead) for met in heard], account.number
        )

    def heed(self, question: Question, answer: Answer) -> bool:
        """Go by an answer; return whether it is less than before, which the others wait to hear."""
        self.asked, self._heard, self.found = True, answer.number, answer.grant.found
        self.holder.grant(answer.grant)
        for met in answer.heard:
            self.holder.hear(met)
        return answer.grant.part < question.wish.part

    def unanswered(self, question: Question) -> None:
        """Tell it again with the next question."""
        self._met = [*question.met, *self._met]
        if self._crowded is None:
            self._crowded = question.wish.crowded
