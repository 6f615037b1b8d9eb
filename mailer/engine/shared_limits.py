"""An account's limits, dealt out among the processes that share it: decisions only, nothing is told here.

What one process is refused the others hear, and heed as if it had been said to them: so all slow down
together, each by its own share, and what they have found together is the sum of what each has. Connections
are counted here, for all of them, and dealt out again whenever there may be fewer or more. The account itself
may be shared with others, here and elsewhere: then what is dealt out is the share that was granted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mailer.domain.learned import ACCOUNT, Learned, share_of
from mailer.domain.throttle import Scope
from mailer.engine.pacing.concurrency import Concurrency
from mailer.engine.pacing.pace import LimitMet, Pace
from mailer.engine.pacing.rate import INFINITE
from mailer.engine.pacing.share import Grant, InUse
from mailer.engine.pipe import Connected, Extended, Order, Said, Spent

Word = tuple[int, Said]  # to the process at which place, what
APART = 1.5  # times another one's rate: more is no share of the same any more


class SharedLimits:
    """The limits of one account among `workers` processes at most, one for each connection that there may be.

    `rate` and `connections` are the settings', `learned` is what was remembered. Moments are in seconds since
    1970. Processes are known by their places, from 0.
    """

    def __init__(
        self, workers: int, rate: float, connections: int, learned: Iterable[Learned], now: float
    ) -> None:
        known = {each.scope: each for each in learned}
        of_account = known.get(ACCOUNT)
        self._knew = of_account is not None
        self._share = Grant(rate=rate or INFINITE, connections=connections)
        self.tell: Callable[[LimitMet], None] = lambda refusal: None  # noqa: ARG005
        self._concurrency = Concurrency(connections, of_account.connections if of_account else None)
        self.number = min(workers, self._concurrency.limit(now))
        self._shares = [
            {scope: each.share(place, self.number) for scope, each in known.items()}
            for place in range(self.number)
        ]
        self._up = [0] * self.number
        self._given = [0] * self.number
        self._spent = [Spent(0, 0, 0)] * self.number
        self._working = list(range(self.number))
        self._dealt = self._concurrency.limit(now)

    def pace(self, place: int) -> Pace:
        """Return what the process at this place goes by."""
        connections = share_of(self._dealt, place, self.number)
        rate, part = self._share.rate / self.number, self._share.part / self.number
        return Pace(rate, connections, self._shares[place].values(), part=part)

    def heard(self, place: int, said: Said, now: float) -> Iterator[Word]:
        """Take in what a process said; yield what the others, or all, have to be told."""
        match said:
            case Connected(number):
                self._connected(place, number)
            case Learned(scope):
                self._shares[place][scope] = said
                yield from self._level(scope)
            case Spent():
                self._spent[place] = said
            case LimitMet(throttle) if throttle.scope is Scope.CONCURRENCY:
                self._connected(place, said.there)
                self._concurrency.refused(now)
                self.tell(replace(said, there=sum(self._up)))
                yield from self._deal(now)
            case LimitMet():
                self.tell(said)
                yield from self.hear(said, place)

    def hear(self, refusal: LimitMet, met_by: int | None = None) -> Iterator[Word]:
        """Yield who has to be told of a refusal that one of them met, or somebody else."""
        yield from ((place, refusal) for place in self._working if place != met_by)

    def ended(self, place: int, *, lost: bool = False) -> None:
        """Count on this process no more; what one had that was `lost` may have been sent."""
        self._working.remove(place)
        self._connected(place, 0)
        if not lost:
            self._given[place], self._spent[place] = 0, replace(self._spent[place], given=0, out=0)

    @property
    def part(self) -> float:
        """The part of the account that what they found out is of."""
        return self._share.part

    def in_use(self, now: float) -> InUse:
        """Return what is in use of the account, by all of them."""
        whole, part = self._together(ACCOUNT), self._share.part
        known = whole.rate.ceiling / part if whole.rate else INFINITE
        on_the_way = sum(self._given) - sum(spent.given for spent in self._spent)
        return InUse(
            part if now < self._share.ends else 0.0,
            sum(self._up),
            sum(spent.sent for spent in self._spent),
            on_the_way + sum(spent.out for spent in self._spent),
            known,
        )

    def grant(self, share: Grant, now: float) -> Iterator[Word]:
        """Yield what each has to be told once they have this share of the account."""
        if share.part:
            factor = share.part / self._share.part
            self._shares = [
                {scope: each.times(factor) for scope, each in shares.items()} for shares in self._shares
            ]
            self._share = share
        else:
            self._share = replace(self._share, ends=0.0, messages=share.messages, over=share.over)
        self._concurrency.allow(share.connections)
        yield from self._dealt_out(share, now)

    def extend(self, ends: float) -> Iterator[Word]:
        """Yield what each has to be told once what was granted last is theirs until then."""
        self._share = replace(self._share, ends=ends)
        yield from ((place, Extended(ends)) for place in self._working)

    def passed(self, now: float) -> Iterator[Word]:
        """Yield what has to be told because time has passed."""
        if self._concurrency.limit(now) != self._dealt:
            yield from self._deal(now)

    def learned(self) -> Iterator[Learned]:
        """Yield what is worth remembering of the account as a whole."""
        for scope in {scope for shares in self._shares for scope in shares} - {ACCOUNT}:
            yield self._together(scope)
        whole = replace(self._together(ACCOUNT), connections=self._concurrency.found)
        if not whole.empty or self._knew:
            yield whole

    def _together(self, scope: str, places: Iterable[int] | None = None) -> Learned:
        of = [self._shares[place] for place in places] if places else self._shares
        return Learned.together([shares[scope] for shares in of if scope in shares] or [Learned(scope)])

    def _level(self, scope: str) -> Iterator[Word]:
        """Give each the same of a rate, where one has much less than another: it may only have begun."""
        shares = [self._shares[place].get(scope) for place in self._working]
        rates = [share.rate for share in shares if share and share.rate]
        if len(rates) < len(self._working) or not _apart([rate.ceiling for rate in rates]):
            return
        even = self._together(scope, self._working).share(0, len(rates)).rate
        for place in self._working:
            self._shares[place][scope] = replace(self._shares[place][scope], rate=even)
            yield place, self._shares[place][scope]

    def _connected(self, place: int, number: int) -> None:
        self._up[place] = number
        self._concurrency.connected(sum(self._up))

    def _deal(self, now: float) -> Iterator[Word]:
        """Tell every process its share of the connections."""
        yield from self._dealt_out(replace(self._share, messages=self._share.messages and 0), now)

    def _dealt_out(self, share: Grant, now: float) -> Iterator[Word]:
        """Tell every process its share; who gets no connection while others do has nothing to do here."""
        self._dealt = self._concurrency.limit(now)
        for rank, place in enumerate(self._working):
            connections = share_of(self._dealt, rank, len(self._working))
            if self._dealt and not connections:
                yield place, Order.FINISH
                continue
            messages = share.messages and share_of(share.messages, rank, len(self._working))
            self._given[place] += messages or 0
            yield place, replace(share.share(self.number, connections), messages=messages)


def _apart(ceilings: Sequence[float]) -> bool:
    return max(ceilings) > APART * min(ceilings)
