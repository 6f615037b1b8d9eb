"""One account, dealt out among all who send over it: who may do how much of it, and until when. Pure.

Each member asks every second and is granted a part for a few: no more than its equal share, and no more than
the others leave, whose grants still run. Whoever dies asks no more, and its part is free when its grant has
ended. Messages of which there are only so many (a quota's, a warm-up's) are given in lumps, and what became
of those that a dead member had nobody knows: they count as sent.

Moments are in seconds by the one clock that all of them ask, the database's; a member itself stops by a
monotonic clock, a little before its grant ends.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mailer.domain.learned import share_of
from mailer.engine.pacing.concurrency import Concurrency
from mailer.engine.pacing.pace import LimitMet
from mailer.engine.pacing.rate import INFINITE
from mailer.engine.pacing.share import Grant

LEASE = 3.0  # seconds that a grant lasts
RENEW_EVERY = 1.0  # seconds
MARGIN = 0.25  # seconds before its end at which a member stops
TURN = 20.0  # seconds; some of the first goes by until those before have let go
# Messages a second that a share is to have: each limiter lets one message through at once, so that several
# with a small rate each would exceed it together. Where there is less for each, they take turns.
WORTH_SHARING = 10.0
KEPT = 5.0  # seconds that a refusal is told for; everybody asks several times in that


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member asks for, and how it stands.

    `rate` and `connections` are what its settings allow the account (INFINITE: any rate), `known` the rate
    that refusals have shown for it. `part` is what it has in force until it hears the answer, `up` how many
    connections it has. `out`: messages that were granted to it and that the ledger has not counted yet;
    `more`: how many more it would like. `crowded`: how many connections of its own were up when one more was
    turned away, if one was since it asked last; `found`: how many there may be, as was remembered.
    """

    rate: float = INFINITE
    known: float = INFINITE
    connections: int = 1
    part: float = 0.0
    up: int = 0
    out: int = 0
    more: int = 0
    crowded: int | None = None
    found: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One of those who share an account: what it asked for, and what it has `until` then.

    A member goes on with what it had `before` until it has heard what it has now; `held` are its messages.
    """

    rate: float
    known: float
    connections: int
    up: int
    part: float = 0.0
    before: float = 0.0
    dealt: int = 0
    held: int = 0
    until: float = 0.0

    @property
    def counts(self) -> float:
        """The part that it may be using."""
        return max(self.part, self.before)


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """A refusal that the member `by` met: the `number`th of this account, told at this moment."""

    number: int
    by: str
    at: float
    met: LimitMet


@dataclass(slots=True)
class SharedAccount:
    """An account as all its members see it, kept in one row of the database."""

    members: dict[str, Member] = field(default_factory=dict)
    told: list[ToldLimit] = field(default_factory=list)
    number: int = 0  # of the refusal that was told last
    concurrency: Concurrency | None = None

    def deal(
        self, name: str, wish: Wish, now: float, left: int | None, present: Collection[str] | None = None
    ) -> Grant:
        """Return what the member may do from now on for LEASE seconds.

        `left`: messages that the ledger has not counted yet of those that may go in this period, None if any
        number may. `present`: who lives, where that is known for certain; then one who lives and never asked
        counts as if everything were theirs. Call `bury` first.
        """
        before = self.members.get(name)
        mine = Member(wish.rate, wish.known, wish.connections, wish.up, before=wish.part)
        self.members[name] = replace(mine, held=wish.out, dealt=before.dealt if before else 0)
        strangers = set(present or ()) - self.members.keys()
        limit = self._connections(name, wish, now)
        places, rank = self._place(name, now, limit)
        if strangers or rank >= places:
            grant = Grant(0.0, 0.0, 0, None if left is None else 0, over=_is_over(left))
        else:
            grant = self._granted(name, places, rank, limit, left, wish)
        self.members[name] = replace(
            mine,
            part=grant.part,
            dealt=grant.connections,
            held=wish.out + (grant.messages or 0),
            until=now + LEASE,
        )
        return replace(grant, found=self.concurrency.found if self.concurrency else None)

    def _granted(self, name: str, places: int, rank: int, limit: int, left: int | None, wish: Wish) -> Grant:
        others = [member for other, member in self.members.items() if other != name]
        part = min(1 / places, 1.0 - sum(member.counts for member in others))
        if part < 1e-6:  # what sums of floats leave is no part
            part = 0.0
        taken = sum(max(member.dealt, member.up) for member in others)
        connections = max(0, min(share_of(limit, rank, places), limit - taken)) if part else 0
        # Each limiter lets one message through at once: so many in a second must not be too many together.
        rate = part and part * (min(member.rate for member in self.members.values()) - (places - 1))
        return Grant(part, rate, connections, self._lump(wish, others, left), over=_is_over(left))

    @staticmethod
    def _lump(wish: Wish, others: Collection[Member], left: int | None) -> int | None:
        if left is None:
            return None
        free = left - wish.out - sum(member.held for member in others)
        most = max(free // (2 * len(others)), 1) if others else free
        return max(0, min(wish.more, most, free))

    def _place(self, name: str, now: float, limit: int) -> tuple[int, int]:
        """Return among how many the account is dealt out now, and the place of this one: they take turns."""
        everyone = sorted(self.members)
        known = min(min(member.rate, member.known) for member in self.members.values())
        worth = int(min(known // WORTH_SHARING, len(everyone))) if known < INFINITE else len(everyone)
        places = max(1, min(worth, limit, len(everyone)))
        turn = int(now // TURN) if places < len(everyone) else 0
        return places, (everyone.index(name) + turn * places) % len(everyone)

    def _connections(self, name: str, wish: Wish, now: float) -> int:
        """Return how many connections there may be, of all members together."""
        most = min(member.connections for member in self.members.values())
        if self.concurrency is None or (self.members.keys() == {name} and not wish.part):
            self.concurrency = Concurrency(most, wish.found)
        self.concurrency.within(most)
        up = sum(member.up for member in self.members.values())
        if wish.crowded is not None:
            self.concurrency.refused(now, up - wish.up + wish.crowded)
        self.concurrency.connected(up)
        return self.concurrency.limit(now)

    def leave(self, name: str) -> None:
        """Let go of all that the member has: the ledger has counted what it sent."""
        self.members.pop(name, None)

    def bury(self, name: str, now: float, present: Collection[str] | None = None) -> int:
        """Forget who asked no more, or is not among those `present`; return how many messages they held.

        `name` asks now, so that it lives.
        """
        dead = [
            other
            for other, member in self.members.items()
            if other != name and (member.until <= now if present is None else other not in present)
        ]
        return sum(self.members.pop(other).held for other in dead)

    def tell(self, by: str, met: LimitMet, now: float) -> None:
        """Let the others know what one was refused."""
        self.number += 1
        self.told = [each for each in self.told if each.at > now - KEPT]
        self.told.append(ToldLimit(self.number, by, now, met))

    def news(self, name: str, after: int) -> list[LimitMet]:
        """Return what others were refused since the `after`th refusal."""
        return [each.met for each in self.told if each.number > after and each.by != name]

    def dump(self) -> str:
        """Return it as text."""
        return json.dumps(
            {
                "members": {name: asdict(member) for name, member in self.members.items()},
                "told": [asdict(each) for each in self.told],
                "number": self.number,
                "concurrency": self.concurrency and self.concurrency.dump(),
            }
        )

    @classmethod
    def load(cls, text: str) -> SharedAccount:
        """Return what `dump` wrote; a new account for an empty text."""
        content: Mapping[str, Any] = json.loads(text or "{}")
        return cls(
            {name: Member(**each) for name, each in content.get("members", {}).items()},
            [ToldLimit(**each | {"met": LimitMet.read(each["met"])}) for each in content.get("told", [])],
            content.get("number", 0),
            Concurrency.load(state) if (state := content.get("concurrency")) else None,
        )


def _is_over(left: int | None) -> bool:
    return left is not None and left <= 0
