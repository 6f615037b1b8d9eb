"""An account's limits, dealt out among the processes that share it: decisions only, nothing is told here.

What one process is refused the others hear, and heed as if it had been said to them: so all slow down
together, each by its own share, and what they have found together is the sum of what each has. Connections
are counted here, for all of them, and dealt out again whenever there may be fewer or more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailer.domain.learned import ACCOUNT, Learned, share_of
from mailer.domain.throttle import Scope
from mailer.engine.pacing.concurrency import Concurrency
from mailer.engine.pacing.pace import LimitMet, Pace
from mailer.engine.pipe import Allowed, Connected, Order, Said

Word = tuple[int, Said]  # to the process at which place, what


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
        self._rate = rate
        self._concurrency = Concurrency(connections, of_account.connections if of_account else None)
        self.number = min(workers, self._concurrency.limit(now))
        self._shares = [
            {scope: each.share(place, self.number) for scope, each in known.items()}
            for place in range(self.number)
        ]
        self._up = [0] * self.number
        self._working = list(range(self.number))
        self._dealt = self._concurrency.limit(now)

    def pace(self, place: int) -> Pace:
        """Return what the process at this place goes by."""
        connections = share_of(self._dealt, place, self.number)
        return Pace(self._rate / self.number, connections, self._shares[place].values())

    def heard(self, place: int, said: Said, now: float) -> Iterator[Word]:
        """Take in what a process said; yield what the others, or all, have to be told."""
        match said:
            case Connected(number):
                self._connected(place, number)
            case Learned(scope):
                self._shares[place][scope] = said
            case LimitMet(throttle) if throttle.scope is Scope.CONCURRENCY:
                self._connected(place, said.there)
                self._concurrency.refused(now)
                yield from self._deal(now)
            case LimitMet():
                yield from ((other, said) for other in self._working if other != place)

    def ended(self, place: int) -> None:
        """Count on this process no more."""
        self._working.remove(place)
        self._connected(place, 0)

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

    def _together(self, scope: str) -> Learned:
        return Learned.together(
            [shares[scope] for shares in self._shares if scope in shares] or [Learned(scope)]
        )

    def _connected(self, place: int, number: int) -> None:
        self._up[place] = number
        self._concurrency.connected(sum(self._up))

    def _deal(self, now: float) -> Iterator[Word]:
        """Tell every process its share of the connections; who gets none has nothing to do here."""
        self._dealt = self._concurrency.limit(now)
        for rank, place in enumerate(self._working):
            share = share_of(self._dealt, rank, len(self._working))
            yield place, Allowed(share) if share else Order.FINISH
