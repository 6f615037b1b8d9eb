"""How fast to send, to whom now, and when again: the limits of our account and of each mailbox provider.

Pure: the clock is an argument, in seconds since 1970 so that what was found out can be kept; within a run it
must never jump. Nothing here sleeps: whoever asks is told how long to wait.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from logging import getLogger
from random import Random
from typing import Any

from mailer.domain.learned import ACCOUNT, Learned
from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Reply, Stage, Untried
from mailer.domain.throttle import CONCURRENCY, Scope, Throttle, classify
from mailer.engine.pacing.concurrency import Concurrency
from mailer.engine.pacing.quota import Quota
from mailer.engine.pacing.rate import INFINITE, Rate
from mailer.engine.pacing.share import Grant, InUse

log = getLogger(__name__)

LONG = 600.0  # seconds: what is held back for longer is left to a later run
LOOK = 0.1  # seconds until it is looked again whether more was granted


@dataclass(frozen=True, slots=True)
class Hold:
    """A refusal that is not the recipient's doing, or not for good: when to try that message again.

    `after` is in seconds; None: by the retry policy.
    """

    after: float | None


@dataclass(frozen=True, slots=True)
class LimitMet:
    """A limit that was hit, as other processes of the same account have to know it.

    `receiver`: whose limit, a mailbox provider's or ACCOUNT. It was hit `at`, and nothing goes before `until`
    (seconds since 1970). For connections `until` says nothing, and `there` is how many others are up.
    """

    throttle: Throttle
    receiver: str
    at: float
    until: float
    there: int = 0

    @classmethod
    def read(cls, content: dict[str, Any]) -> LimitMet:
        """Return what `asdict` made, also by way of JSON."""
        throttle = content["throttle"]
        kind = Throttle(**throttle | {"scope": Scope(throttle["scope"])})
        return cls(**content | {"throttle": kind})

    def by_another_clock(self, ahead: float) -> LimitMet:
        """Return it with the moments of a clock that is so many seconds `ahead`."""
        return replace(self, at=self.at + ahead, until=self.until + ahead)


class Limits:
    """What one scope allows."""

    __slots__ = ("quota", "rate")

    def __init__(self, most: float = INFINITE, learned: Learned | None = None) -> None:
        self.rate = Rate(most, learned.rate if learned else None)
        self.quota = Quota(learned.quota if learned else None)

    def delay(self, now: float) -> float:
        """Return the seconds until a message may go; 0 if one may go now."""
        return self.quota.delay(now) or self.rate.delay(now)

    def refused(self, throttle: Throttle, now: float) -> float:
        """Heed a refusal; return the seconds until the message may be tried again."""
        if throttle.scope is Scope.QUOTA:
            return self.quota.refused(now, throttle.period)
        return self.rate.refused(now)

    def until(self, throttle: Throttle) -> float:
        """Return when something may go again, as far as a limit of this kind goes."""
        return self.quota.parked_until if throttle.scope is Scope.QUOTA else self.rate.silent_until

    def hold(self, throttle: Throttle, until: float) -> None:
        """Let nothing go before then because of a limit of this kind."""
        (self.quota if throttle.scope is Scope.QUOTA else self.rate).hold(until)


@dataclass(slots=True)
class Messages:
    """How many messages were `sent`, may be (`granted`; None: any number), and are `recorded` by the ledger.

    `given` counts what came with grants.
    """

    granted: int | None = None
    sent: int = 0
    recorded: int = 0
    given: int = 0

    @property
    def left(self) -> int | None:
        """How many may go yet."""
        return None if self.granted is None else self.granted - self.sent

    @property
    def out(self) -> int:
        """How many the ledger has not counted yet of those that went or may go."""
        return (self.sent if self.granted is None else self.granted) - self.recorded

    def grant(self, more: int | None) -> None:
        """Let so many more go; None: any number."""
        if more is None:
            self.granted = None
        else:
            self.granted = (self.sent if self.granted is None else self.granted) + more
            self.given += more


class Pace:
    """All limits of a run. `rate` is the settings' (messages a second, 0: none), so is `connections`.

    Where several processes share an account each has one: what `tell` gets is for the others to `hear`, and
    what is its own is for them to `grant`, again and again.
    """

    def __init__(
        self,
        rate: float = 0.0,
        connections: int = 1,
        learned: Iterable[Learned] = (),
        random: Random | None = None,
        part: float = 1.0,
    ) -> None:
        """All of these are those of a `part` of the account."""
        known = {each.scope: each for each in learned}
        of_account = known.pop(ACCOUNT, None)
        self._account = Limits(rate or INFINITE, of_account)
        self._receivers = {scope: Limits(learned=each) for scope, each in known.items()}
        self._concurrency = Concurrency(connections, of_account.connections if of_account else None, random)
        self._knew = of_account is not None
        self.tell: Callable[[LimitMet], None] = lambda refusal: None  # noqa: ARG005
        self._share = Grant(part, rate or INFINITE, connections)
        self._messages = Messages()
        self._unlimited = False
        self._look()

    @property
    def unlimited(self) -> bool:
        """Whether nothing is known to hold anything back: `delay` would be 0 for everyone."""
        return self._unlimited

    def delay(self, receiver: str, now: float) -> float:
        """Return the seconds until a message to this mailbox provider may go; 0 if one may go now."""
        if self._unlimited:
            return 0.0
        if wait := self._withheld(now) or self._account.delay(now):
            return wait
        limits = self._receivers.get(receiver)
        return limits.delay(now) if limits else 0.0

    def sent(self, receiver: str, now: float) -> None:
        """Count a message that goes now, after `delay` said 0."""
        self._messages.sent += 1
        self._account.rate.spent(now)
        self._account.quota.spent()
        if self._receivers and (limits := self._receivers.get(receiver)):
            limits.rate.spent(now)
            limits.quota.spent()

    def given_back(self) -> None:
        """Count one that was `sent` and did not go after all."""
        self._messages.sent -= 1

    def kept_back(self, receiver: str) -> None:
        """Count one that was `sent` and of which nothing will be heard: it may not go now."""
        self.given_back()
        for limits in self._limits_of(receiver):
            limits.quota.returned()

    def recorded(self, number: int) -> None:
        """Count messages of which the ledger has what became of them."""
        self._messages.recorded += number

    @property
    def messages(self) -> Messages:
        """How many went so far, and how many may go."""
        return self._messages

    @property
    def part(self) -> float:
        """The part of the account that what was found out is of."""
        return self._share.part

    def in_use(self, now: float) -> InUse:
        """Return what is in use here of the account."""
        part = self._share.part if now < self._share.ends else 0.0
        known = self._account.rate.ceiling / self._share.part
        return InUse(part, self.up, self._messages.sent, self._messages.out, known)

    def grant(self, share: Grant) -> None:
        """Have this share of the account from now on; without a part nothing goes."""
        self._messages.grant(share.messages)
        self._concurrency.allow(share.connections)
        if share.part:
            factor = share.part / self._share.part
            self._account.rate.share(factor, share.rate)
            for limits in self._receivers.values():
                limits.rate.share(factor, INFINITE)
            self._share = share
        else:
            # What was found is still that of the part that it had.
            self._share = replace(self._share, ends=0.0, over=share.over)
        self._look()

    def level(self, learned: Learned) -> None:
        """Go by the rate that this share of the account has, as those find who share it."""
        limits = self._limits(learned.scope)
        if learned.rate and limits.rate.ceiling != INFINITE:
            limits.rate.level(learned.rate.ceiling)

    def extend(self, ends: float) -> None:
        """Have until then what was granted last."""
        self._share = replace(self._share, ends=ends)

    def _withheld(self, now: float) -> float:
        """Return the seconds until it is looked again whether there is a share; INFINITE: none is to come."""
        if self._messages.left == 0:
            return INFINITE if self._share.over else LOOK
        if now < self._share.ends:
            return 0.0
        self._account.rate.rest()  # others may be using it up
        return LOOK

    def passed(self, number: int, now: float) -> None:
        """Count acceptances while `unlimited`."""
        self._account.quota.passed(now, number)

    def replied(self, receiver: str, outcome: Outcome, now: float) -> Hold | None:
        """Learn from what became of a message; return when to try it again if that is for us to say.

        While `unlimited`, acceptances may be told to `passed` instead, many at once.
        """
        if isinstance(outcome, Accepted):
            for limits in self._limits_of(receiver):
                limits.rate.accepted(now)
                limits.quota.passed(now)
            return None
        for limits in self._limits_of(receiver):
            limits.quota.returned()
        throttle = throttle_of(outcome)
        if throttle is None:
            return None
        return self._heed(throttle, receiver, outcome, now)

    def _heed(self, throttle: Throttle, receiver: str, outcome: Outcome, now: float) -> Hold | None:
        if throttle.scope is Scope.RECIPIENT:
            return Hold(None) if isinstance(outcome, Rejected) else None
        if throttle.scope is Scope.SESSION:
            return Hold(0.0)
        if throttle.scope is Scope.CONCURRENCY:
            return Hold(self._too_many(now, None))
        whose = receiver if throttle.receiver else ACCOUNT
        limits = self._limits(whose)
        known = limits.until(throttle)
        after = limits.refused(throttle, now)
        if (until := limits.until(throttle)) > known:
            log.info("limit met, %s: nothing goes for %.1f s", _shown(throttle, whose), until - now)
            self.tell(LimitMet(throttle, whose, now, until))
        self._look()
        return Hold(after)

    def hear(self, refusal: LimitMet) -> None:
        """Heed a refusal of a rate or a quota that another process met, as if it had been met here."""
        limits = self._limits(refusal.receiver)
        limits.refused(refusal.throttle, refusal.at)
        limits.hold(refusal.throttle, refusal.until)
        log.info("limit heeded that another process met, %s", _shown(refusal.throttle, refusal.receiver))
        self._look()

    def _limits(self, receiver: str) -> Limits:
        if receiver == ACCOUNT:
            return self._account
        limits = self._receivers.setdefault(receiver, Limits())
        limits.rate.begin(self._account.rate)
        return limits

    def _too_many(self, now: float, there: int | None) -> float:
        pause = self._concurrency.refused(now, there)
        log.info("limit met, connections: %d at most from now on", self._concurrency.limit(now))
        self.tell(LimitMet(CONCURRENCY, ACCOUNT, now, now, self.up if there is None else there))
        return pause

    def connections(self, now: float) -> int:
        """Return how many connections there may be at most."""
        return self._concurrency.limit(now) if now < self._share.ends else 0

    def connected(self, number: int) -> None:
        """Learn that so many connections are up."""
        self._concurrency.connected(number)

    def turned_away(self, reply: Reply | None, stage: Stage, there: int, now: float) -> float:
        """Learn that one more connection besides the `there` that are up can't be had, or not be used.

        `reply`: what the server said to it, if anything. Return the seconds until another may be tried, as
        far as their number is the reason. Where others work and no reason is given, it is taken for that.
        """
        throttle = classify(reply, stage) if reply else None
        if throttle and throttle.scope is Scope.CONCURRENCY:
            return self._too_many(now, there)
        return self._concurrency.refused(now, there, said=False) if there else 0.0

    @property
    def up(self) -> int:
        """How many connections are up."""
        return self._concurrency.up

    def parked_until(self, now: float) -> float | None:
        """Return when the account may send again, where that is long from now; None if it may go on."""
        wait = self._account.quota.delay(now)
        return now + wait if wait > LONG else None

    def learned(self) -> Iterator[Learned]:
        """Yield what is worth remembering, also that nothing holds any more of what was known."""
        rate, quota = self._account.rate.found, self._account.quota.found()
        if rate or quota or self._concurrency.found or self._knew:
            yield Learned(ACCOUNT, rate, quota, self._concurrency.found)
        for scope, limits in self._receivers.items():
            yield Learned(scope, limits.rate.found, limits.quota.found())

    def _limits_of(self, receiver: str) -> Iterator[Limits]:
        yield self._account
        if receiver in self._receivers:
            yield self._receivers[receiver]

    def _look(self) -> None:
        account = self._account
        self._unlimited = not (
            self._receivers
            or account.rate.limited
            or account.quota.limited
            or self._messages.granted is not None
        )


def _shown(throttle: Throttle, receiver: str) -> str:
    return f"{throttle.scope} of {receiver or 'the account'}"


_REPLY = re.compile(r"([45]\d\d) (.*)", re.DOTALL)


def throttle_of(outcome: Outcome) -> Throttle | None:
    """Return which limit an outcome speaks of. A message given back carries the words that ended it all."""
    match outcome:
        case Deferred(reply, stage) | Rejected(reply, stage):
            return classify(reply, stage)
        case Untried(reason, stage) if said := _REPLY.match(reason):
            throttle = classify(Reply(int(said[1]), said[2]), stage)
            return None if throttle and throttle.scope is Scope.RECIPIENT else throttle
    return None
