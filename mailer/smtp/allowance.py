"""How many messages a server lets one connection carry, as far as it can be learned from its farewells."""

from __future__ import annotations

from mailer.domain.outcome import Stage
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.verdict import SESSION_FULL


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
