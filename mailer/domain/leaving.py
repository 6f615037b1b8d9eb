"""Why people leave, as they say once they did: a choice, and a line of their own if they like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailer.domain.address import CONTROLS

LONGEST = 300  # characters of the line


class LeavingReason(StrEnum):
    """The choices; the value is how the ledger of consent has it."""

    OFTEN = "too often"
    CONTENT = "not interesting"
    UNASKED = "never asked for it"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What somebody said; `line` may be empty."""

    reason: LeavingReason
    line: str = ""

    @classmethod
    def typed(cls, choice: str, line: str) -> Explanation | None:
        """Return what was chosen and typed on a page; None if that says nothing.

        Of the line no more than LONGEST is kept, and nothing that moves a terminal's cursor.
        """
        line = " ".join(CONTROLS.sub(" ", line).split())[:LONGEST].rstrip()
        try:
            return cls(LeavingReason[choice.upper()], line)
        except KeyError:
            return cls(LeavingReason.OTHER, line) if line else None

    def note(self) -> str:
        """Return it as the ledger of consent keeps it."""
        return f"{self.reason}: {self.line}" if self.line else self.reason

    @classmethod
    def read(cls, note: str) -> Explanation:
        """Return what `note` wrote."""
        reason, _, line = note.partition(": ")
        return cls(LeavingReason(reason), line)
