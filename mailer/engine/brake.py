"""The brake: whether the server refuses or puts off one after the other, hardly by the people's doing.

Providers say that an account is used up, suspended or not verified with the codes of a mailbox that isn't
there, each in its own words. So a refusal that isn't clearly the recipient's is held back until what comes
after it shows whose it is. Decisions only: nothing is recorded here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field

from mailer.domain.delivery import Settlement
from mailer.domain.outcome import Reply
from mailer.domain.refusals import gist, is_recipients, may_be_recipients
from mailer.errors import AccountFault, EveryoneRefused, MailerError

IN_A_ROW = 5  # refusals in the same words, and nobody accepted in between
DEFERRED_IN_A_ROW = 20  # likewise of people whose mail is put off, which costs them nothing but time
LOOK_BACK = 50  # messages
SHARE = 0.8  # of them refused, whatever the words
GO_ON = "run the same command again: it goes on with them"
# What passes by itself says so; anything else is for a person to put right.
_PASSES = re.compile(
    r"\b(?:try|again|later|after|temporar\w+|limits?|quota|exceed\w*|too (?:many|much)|wait|hours?|days?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One refusal; `doubted` unless it is clearly the recipient's."""

    settlement: Settlement
    gist: str
    doubted: bool


@dataclass(slots=True)
class Brake:
    """Told what became of messages, in order; `tripped` once nothing more should be tried.

    A refusal that is held back comes out again as final from `refused`, `accepted`, `believe` or `decide`, or
    from `release` as one whose doing it was nobody knows.
    """

    _seen: deque[_Refusal | None] = field(default_factory=deque)  # the latest messages; None was accepted
    _refused: int = 0  # of those
    _in_a_row: int = 0
    _gist: str = ""  # of the latest doubted one
    _deferred_in_a_row: int = 0
    _deferral: tuple[str, str] = ("", "")  # gist and words of the latest that may be the account's

    def accepted(self, number: int = 1) -> list[Settlement]:
        """So many got through. Return the refusals that are final by now."""
        self._in_a_row = self._deferred_in_a_row = 0
        return [final for _ in range(min(number, LOOK_BACK)) for final in self._see(None)]

    def deferred(self, settlement: Settlement, reply: Reply, recipient: str) -> None:
        """Somebody's mail was put off. It stays so: only whether to go on is the question."""
        if not may_be_recipients(reply):
            before, self._deferral = self._deferral[0], (gist(reply, recipient), settlement.words)
            self._deferred_in_a_row = self._deferred_in_a_row + 1 if self._deferral[0] == before else 1

    def refused(self, settlement: Settlement, reply: Reply, recipient: str) -> list[Settlement]:
        """Somebody was refused for good. Return what is final by now, this one if it is the recipient's."""
        refusal = _Refusal(settlement, gist(reply, recipient), not is_recipients(reply))
        self._refused += 1
        if not refusal.doubted:
            return [*self._see(refusal), settlement]
        self._in_a_row = self._in_a_row + 1 if refusal.gist == self._gist else 1
        self._gist = refusal.gist
        return self._see(refusal)

    @property
    def tripped(self) -> bool:
        """Whether so many were refused that something else must be wrong."""
        looked_at = len(self._seen)
        return (
            self._in_a_row >= IN_A_ROW
            or self._deferred_in_a_row >= DEFERRED_IN_A_ROW
            or (looked_at >= LOOK_BACK and self._refused >= SHARE * looked_at)
        )

    @property
    def nobody_through(self) -> bool:
        """Whether several were tried, and each was refused in the same words."""
        return self._in_a_row == len(self._seen) > 1

    @property
    def doubted(self) -> list[Settlement]:
        """What is held back."""
        return [each.settlement for each in self._seen if each and each.doubted]

    def believe(self, delivery_ids: Container[int]) -> list[Settlement]:
        """Take these for the recipients' own refusals: they are final."""
        return self._drop([s for s in self.doubted if s.delivery_id in delivery_ids])

    def decide(self, *, alone: bool) -> list[Settlement]:
        """Nothing more comes. Return what is final: all, or if others go on what an acceptance came after."""
        latest = max((place for place, each in enumerate(self._seen) if each is None), default=0)
        before = [each.settlement for each in list(self._seen)[:latest] if each and each.doubted]
        return self._drop(self.doubted if alone else before)

    def release(self) -> list[Settlement]:
        """Let go of what is held back."""
        return self._drop(self.doubted)

    def error(self) -> MailerError:
        """Return what to end the run with; `tripped` must hold, or `nobody_through`."""
        if self._deferred_in_a_row >= DEFERRED_IN_A_ROW:
            return EveryoneRefused(
                f"the server puts off the last {self._deferred_in_a_row} people in the same words, "
                f"and the rest stay in the queue: {self._deferral[1]}",
                next_step=f"Later, {GO_ON}; if it stays so, have the provider say what this account lacks.",
            )
        if not (doubted := self.doubted):
            latest = next(each for each in reversed(self._seen) if each)
            return EveryoneRefused(
                f"{self._refused} of the last {len(self._seen)} people are unknown to the server: "
                f"{latest.settlement.words}",
                next_step="See whether it is the right list; if so, the same command goes on with the rest.",
            )
        words = doubted[-1].words
        same = self._in_a_row >= IN_A_ROW or self.nobody_through
        whom = f"the last {self._in_a_row} people" if same else "nearly everyone"
        problem = f"the server refuses {whom}, who stay in the queue: {words}"
        if _PASSES.search(words):
            return EveryoneRefused(problem, next_step=f"Later, {GO_ON}.")
        return AccountFault(
            problem, next_step=f"Have the provider say what this account lacks; then {GO_ON}."
        )

    def _see(self, what: _Refusal | None) -> list[Settlement]:
        self._seen.append(what)
        # While it is tripped nothing is forgotten: what is under way may bring many more of the same.
        if len(self._seen) <= LOOK_BACK or self.tripped:
            return []
        oldest = self._seen.popleft()
        self._refused -= oldest is not None
        return [oldest.settlement] if oldest and oldest.doubted else []

    def _drop(self, settlements: list[Settlement]) -> list[Settlement]:
        gone = {settlement.delivery_id for settlement in settlements}
        self._seen = deque(
            each for each in self._seen if not (each and each.doubted and each.settlement.delivery_id in gone)
        )
        self._refused = sum(each is not None for each in self._seen)
        self._in_a_row = min(self._in_a_row, len(self.doubted))
        return settlements
