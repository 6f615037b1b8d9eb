"""A message on its way: what is known of it so far."""

from __future__ import annotations

from mailer.domain.outcome import Deferred, Outcome, Rejected, Stage
from mailer.smtp.envelope import Envelope


class Transaction:
    """One message between being added to a session and the last reply that is about it."""

    __slots__ = ("envelope", "handed", "key", "outcome")

    def __init__(self, envelope: Envelope) -> None:
        self.key = envelope.key
        self.envelope: Envelope | None = envelope  # None once its content was given out to be written
        self.handed = False  # its content was given out to be written
        self.outcome: Outcome | None = None

    def hand_over(self) -> None:
        """Its content is given out to be written, and needed no more."""
        self.handed, self.envelope = True, None

    @property
    def unwanted(self) -> bool:
        """Whether every recipient was refused."""
        return isinstance(self.outcome, Deferred | Rejected) and self.outcome.stage is Stage.RCPT
