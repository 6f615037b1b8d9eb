"""A member's share of an account: how much of it, until when."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailer.engine.pacing.rate import INFINITE


@dataclass(frozen=True, slots=True)
class Grant:
    """A `part` (0 to 1) of an account: of the rates that it is known to let through, and of the settings'.

    `rate`: messages a second of the settings'. `messages`: how many more may go, besides those granted
    before; None if any number may. `over`: no more will be in this period. `ends`: when it ends, as pacing
    counts the time. `found`: how many connections the server allows the account, as far as is known.
    """

    part: float = 1.0
    rate: float = INFINITE
    connections: int = 1
    messages: int | None = None
    over: bool = False
    ends: float = INFINITE
    found: int | None = None

    def share(self, number: int, connections: int) -> Grant:
        """Return what one of `number` processes gets of a second, with so many connections."""
        return replace(self, part=self.part / number, rate=self.rate / number, connections=connections)


@dataclass(frozen=True, slots=True)
class InUse:
    """What somebody has in use of an account: a `part`, so many `connections` that are up.

    Of the messages that it `sent` in all, or may send, so many are `out`: the ledger has not counted them.
    `known`: messages a second that were too many for the whole account.
    """

    part: float
    connections: int
    sent: int
    out: int
    known: float = INFINITE
