"""What the end of a connection teaches, and what to do about it: decisions only, nothing is done here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mailer.domain.outcome import Stage
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.verdict import SESSION_FULL


class Reaction(Enum):
    """What an ended connection means for the others."""

    REPLACE = auto()  # nothing is wrong: another one is opened when it is needed
    SHRINK = auto()  # the others work: go on with those, as many as whoever gives the work says
    RETRY = auto()  # nothing works for now: wait, then try again
    STOP = auto()  # there is no use in trying


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """How long to keep trying a server that turns us away: `tries` in a row, pauses in seconds, doubling."""

    tries: int = 5
    first: float = 0.5
    limit: float = 30

    def pause(self, failures: int) -> float:
        """Seconds to wait before the next try after so many failures in a row."""
        return min(self.limit, self.first * 2.0 ** (failures - 1)) if failures else 0

    def react(
        self,
        ending: Ending,
        failures: int,
        others: int,
        *,
        silent: int = 0,
        met: bool = False,
        ready: bool,
        useful: bool,
    ) -> Reaction:
        """Return what to do about a connection's end.

        `failures` in a row came before this one, `others` work, `silent` ones may come to again; `met`: the
        server let somebody in before; `ready`: this one was set up before it ended; `useful`: it got an
        answer to a message, or there was none to answer.
        """
        if ending.cause in (Cause.DONE, Cause.EXPIRED):
            return Reaction.REPLACE
        if ending.cause is Cause.FAULT and (ready or not (others or silent)):
            return Reaction.STOP
        if ending.cause is Cause.MUTE and not met:
            return Reaction.STOP  # it may be no mail server at all, and each try takes long
        if useful:
            return Reaction.REPLACE
        if others:
            return Reaction.SHRINK
        return Reaction.STOP if failures + 1 >= self.tries and not silent else Reaction.RETRY


class Allowance:
    """`most` messages a connection, or None while no limit is known."""

    def __init__(self) -> None:
        self.most: int | None = None
        self._before: int | None = None

    def learn(self, ending: Ending, carried: int) -> bool:
        """Take in how a connection ended that had carried so many messages; return whether that says more.

        A farewell in the place of a new message counts if it speaks of messages and sessions, or if it
        came after as many as the one before.
        """
        if ending.cause is not Cause.TURNED_AWAY or ending.stage is not Stage.MAIL or not carried:
            return False
        before, self._before = self._before, carried
        known = self.most is not None and self.most <= carried
        if known or not (carried == before or SESSION_FULL.search(ending.words)):
            return False
        self.most = carried
        return True
